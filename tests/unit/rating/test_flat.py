from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest

from meterhouse.catalog.price import FlatPrice, PaymentTerm
from meterhouse.kernel.period import Period, share
from meterhouse.rating.rate import rate
from tests.unit.rating.samples import usage_of

HUNDRED = FlatPrice(Decimal(100))
HUNDRED_IN_ARREARS = FlatPrice(Decimal(100), PaymentTerm.IN_ARREARS)
JANUARY = Period(datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC))


def first_days(days: int) -> Fraction:
    return share(Period(JANUARY.start, JANUARY.start + timedelta(days=days)), JANUARY)


@pytest.mark.parametrize(
    ("price", "is_first", "is_last", "totals"),
    [
        pytest.param(HUNDRED, True, True, [100], id="RF-01"),
        pytest.param(HUNDRED, True, False, [100], id="in advance on the first line"),
        pytest.param(HUNDRED, False, False, [], id="RF-03"),
        pytest.param(HUNDRED_IN_ARREARS, True, False, [], id="in arrears not on the first line"),
        pytest.param(HUNDRED_IN_ARREARS, False, True, [100], id="RF-05"),
        pytest.param(FlatPrice(Decimal(0)), True, True, [], id="nothing to pay"),
    ],
)
def test_flat_price_is_due_once_a_period(price: FlatPrice, is_first: bool, is_last: bool, totals: list[int]) -> None:
    rated = rate(usage_of(price, 1, is_first=is_first, is_last=is_last))

    assert [line.amount for line in rated.detailed_lines] == totals
    assert [line.key for line in rated.detailed_lines] == ["flat-price"] * len(totals)
    assert rated.totals.total == sum(totals)


@pytest.mark.parametrize(
    ("amount", "part", "code", "expected"),
    [
        pytest.param(100, first_days(15), "USD", "48.39", id="PR-01"),
        pytest.param(1000, first_days(10), "JPY", "323", id="PR-03"),
        pytest.param(100, first_days(40), "USD", "100", id="PR-05"),
    ],
)
def test_flat_price_is_prorated_and_rounded_once(amount: int, part: Fraction, code: str, expected: str) -> None:
    (line,) = rate(usage_of(FlatPrice(Decimal(amount)), share=part, code=code)).detailed_lines

    assert line.amount == Decimal(expected)
    assert line.per_unit_amount * line.quantity == line.amount


def test_prorated_amount_that_rounds_to_nothing_leaves_no_line() -> None:
    rated = rate(usage_of(FlatPrice(Decimal("0.05")), share=Fraction(1, 31)))

    assert rated.detailed_lines == ()
    assert rated.totals.total == 0


def test_share_outside_the_period_is_refused() -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        usage_of(HUNDRED, share=Fraction(32, 31))


def test_term_of_payment_stands_on_the_detailed_line() -> None:
    (line,) = rate(usage_of(HUNDRED_IN_ARREARS)).detailed_lines

    assert line.payment_term is PaymentTerm.IN_ARREARS
