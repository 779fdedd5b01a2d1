from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meterhouse.catalog.price import Tier, TieredPrice, TierMode
from meterhouse.kernel.currency import currency
from meterhouse.kernel.rounding import fits
from meterhouse.rating.rate import parts_of, rate
from meterhouse.rating.usage import Usage
from tests.unit.rating.samples import DAY, usage_of


def tier(up_to: int | None, flat: int | None = None, unit: str | None = None) -> Tier:
    return Tier(
        None if up_to is None else Decimal(up_to),
        None if flat is None else Decimal(flat),
        None if unit is None else Decimal(unit),
    )


def graduated(*tiers: Tier) -> TieredPrice:
    return TieredPrice(TierMode.GRADUATED, tiers)


RG = graduated(tier(5, 100, "0"), tier(10, 50), tier(15, None, "5"), tier(None, None, "1"))
RG_C = graduated(tier(5, 100), tier(10, 50), tier(15, None, "10"), tier(None, None, "5"))
DR_31 = graduated(tier(5, None, "1"), tier(10, None, "2"), tier(None, None, "3"))
DR_35 = graduated(tier(5, 100, "1"), tier(10, 200, "2"), tier(None, None, "3"))
PB = graduated(tier(10, None, "100"), tier(20, None, "90"), tier(None, None, "80"))


def test_each_tier_charges_the_units_that_fall_in_it() -> None:  # RG-01
    rated = rate(usage_of(RG, 22))

    assert [(line.key, int(line.quantity), int(line.amount)) for line in rated.detailed_lines] == [
        ("graduated-tiered-1-price-usage", 5, 0),
        ("graduated-tiered-1-flat-price", 1, 100),
        ("graduated-tiered-2-flat-price", 1, 50),
        ("graduated-tiered-3-price-usage", 5, 25),
        ("graduated-tiered-4-price-usage", 7, 7),
    ]
    assert rated.totals.total == 182


def test_flat_amount_of_a_tier_is_not_charged_twice() -> None:  # RG-03
    assert rate(usage_of(RG, 1, before=7, is_first=False, is_last=False)).detailed_lines == ()


def test_line_goes_on_in_the_tier_where_the_last_one_stopped() -> None:  # RG-07
    rated = rate(usage_of(RG, 10, before=12, is_first=False))

    assert [(int(line.quantity), int(line.amount)) for line in rated.detailed_lines] == [(3, 15), (7, 7)]


@pytest.mark.parametrize(
    ("price", "quantity", "total"),
    [
        pytest.param(RG_C, "0", 100, id="first flat amount without usage"),
        pytest.param(RG_C, "3", 100, id="RG-C3"),
        pytest.param(RG_C, "5", 100, id="up_to belongs to the tier"),
        pytest.param(RG_C, "5.001", 150, id="RG-C5.001"),
        pytest.param(RG_C, "12", 170, id="RG-C12"),
        pytest.param(graduated(tier(5, 100), tier(10, 50), tier(None, None, "1")), "10", 150, id="MC-01"),
        pytest.param(PB, "15", 1450, id="PB two tiers"),
        pytest.param(PB, "30", 2700, id="PB-04"),
    ],
)
def test_total_of_a_period_rated_at_once(price: TieredPrice, quantity: str, total: int) -> None:
    assert rate(usage_of(price, quantity)).totals.total == total


@pytest.mark.parametrize(
    ("price", "cumulative", "totals"),
    [
        pytest.param(DR_31, [3, 7], [3, 6], id="DR-31"),
        pytest.param(DR_31, [5, 3], [5, -2], id="DR-33"),
        pytest.param(DR_35, [3, 4], [103, 1], id="DR-35"),
        pytest.param(PB, [15, 30], [1450, 1250], id="PB-03"),
        pytest.param(DR_35, [7, 5], [309, -204], id="correction leaves a tier"),
    ],
)
def test_later_lines_charge_what_was_not_charged_before(
    price: TieredPrice, cumulative: list[int], totals: list[int]
) -> None:
    rated = [
        rate(usage_of(price, after - before, before, is_first=not position))
        for position, (before, after) in enumerate(pairwise([0, *cumulative]))
    ]

    assert [line.totals.total for line in rated] == totals


amounts = st.one_of(st.none(), st.decimals(0, 1000, places=4))
quantities = st.decimals(0, 10_000, places=3)


@st.composite
def prices(draw: st.DrawFn) -> TieredPrice:
    bounds = draw(st.lists(st.decimals("0.5", 5_000, places=1), max_size=5, unique=True))
    return graduated(*(Tier(up_to, draw(amounts), draw(amounts)) for up_to in [*sorted(bounds), None]))


@given(prices(), quantities)
def test_units_of_the_tiers_are_the_units_used(price: TieredPrice, quantity: Decimal) -> None:
    priced = graduated(*(Tier(each.up_to, each.flat_amount, Decimal(1)) for each in price.tiers))
    usage = Usage("Departures", priced, currency("USD"), DAY, quantity)

    assert sum(part.quantity for part in parts_of(usage) if part.key.endswith("price-usage")) == quantity


@given(prices(), quantities, st.sampled_from(["USD", "JPY", "KWD"]))
def test_totals_are_the_sum_of_the_rounded_lines(price: TieredPrice, quantity: Decimal, code: str) -> None:
    money = currency(code)

    rated = rate(Usage("Departures", price, money, DAY, quantity))

    assert rated.totals.total == sum(line.amount for line in rated.detailed_lines)
    assert all(fits(line.amount, money.exponent) for line in rated.detailed_lines)
