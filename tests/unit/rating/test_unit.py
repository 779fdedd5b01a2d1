from decimal import Decimal

import pytest

from meterhouse.catalog.price import UnitPrice
from meterhouse.rating.rate import rate
from tests.unit.rating.samples import usage_of


def test_no_usage_gives_no_line() -> None:  # RU-01
    assert rate(usage_of(UnitPrice(Decimal(10)), 0)).detailed_lines == ()


def test_each_unit_costs_its_price() -> None:  # RU-05
    (line,) = rate(usage_of(UnitPrice(Decimal(100)), 10)).detailed_lines

    assert line.key == "unit-price-usage"
    assert [line.per_unit_amount, line.quantity, line.amount] == [100, 10, 1000]


@pytest.mark.parametrize(
    ("amount", "cumulative", "totals"),
    [
        pytest.param("10", [5, 8, 8], ["50", "30", "0"], id="DR-01"),
        pytest.param("10", [5, 0], ["50", "-50"], id="DR-03"),
        pytest.param("0.001", [1, 2], ["0", "0"], id="DR-05"),
    ],
)
def test_later_lines_charge_what_was_not_charged_before(amount: str, cumulative: list[int], totals: list[str]) -> None:
    charged = zip([0, *cumulative], cumulative, strict=False)

    rated = [rate(usage_of(UnitPrice(Decimal(amount)), after - before, before)) for before, after in charged]

    assert [line.totals.total for line in rated] == [Decimal(total) for total in totals]


def test_free_units_are_shown_at_nothing() -> None:
    (line,) = rate(usage_of(UnitPrice(Decimal(0)), 7)).detailed_lines

    assert [line.quantity, line.amount] == [7, 0]


def test_usage_below_zero_counts_as_none() -> None:
    assert rate(usage_of(UnitPrice(Decimal(10)), -4)).totals.total == 0
    assert rate(usage_of(UnitPrice(Decimal(10)), 5, -4)).totals.total == 10


@pytest.mark.parametrize(
    ("code", "amount", "expected"),
    [
        pytest.param("USD", "1.23456789", "1.23", id="RN-01"),
        pytest.param("JPY", "1.2346", "1", id="RN-03"),
        pytest.param("USD", "0.005", "0.01", id="half goes away from zero"),
        pytest.param("KWD", "0.0005", "0.001", id="three digits"),
    ],
)
def test_amount_is_rounded_at_the_precision_of_the_currency(code: str, amount: str, expected: str) -> None:
    rated = rate(usage_of(UnitPrice(Decimal(amount)), 1, code=code))

    assert str(rated.totals.total) == expected


def test_digits_beyond_the_ambient_context_are_kept() -> None:
    rated = rate(usage_of(UnitPrice(Decimal(1_000_000_000_000)), "99999999999999999999.99999999999999"))

    assert str(rated.totals.total) == "99999999999999999999999999999999.99"
