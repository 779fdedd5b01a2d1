"""Packages, dynamic prices and volume tiers, beyond the worked examples."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meterhouse.catalog.discount import Discounts
from meterhouse.catalog.price import DynamicPrice, PackagePrice, Tier, TieredPrice, TierMode, UnitPrice
from meterhouse.kernel.errors import InvariantBroken
from meterhouse.rating.package import packages
from meterhouse.rating.quantity import quantities_of
from meterhouse.rating.rate import rate
from tests.unit.rating import anything, worked
from tests.unit.rating.samples import told, usage_of

TEN_A_PACKAGE = PackagePrice(Decimal(15), Decimal(10))
VOLUME = TieredPrice(
    TierMode.VOLUME,
    (Tier(Decimal(5), Decimal(100)), Tier(Decimal(10), Decimal(20), Decimal(2)), Tier(None, None, Decimal(1))),
)


@pytest.mark.parametrize(("quantity", "count"), [("0", 0), ("0.001", 1), ("10", 1), ("10.5", 2), ("-3", 0)])
def test_a_package_begun_is_a_package(quantity: str, count: int) -> None:
    assert rate(usage_of(TEN_A_PACKAGE, quantity)).totals.total == 15 * count


def test_packages_given_back_are_taken_off() -> None:
    (line,) = rate(usage_of(TEN_A_PACKAGE, -12, 30, is_first=False)).detailed_lines

    assert told(line) == "usage: -1 x 15 = -15"


@given(anything.quantities, st.decimals("0.5", 1000, places=1))
def test_packages_hold_the_quantity_and_one_less_would_not(quantity: Decimal, size: Decimal) -> None:
    count = packages(quantity, size)

    assert (count - 1) * size < quantity <= count * size or count == quantity == 0


def test_a_dynamic_price_is_one_unit_at_what_it_comes_to() -> None:
    (line,) = rate(usage_of(DynamicPrice(Decimal("1.5")), "33.33")).detailed_lines

    assert told(line) == "usage: 1 x 50 = 50"


def test_the_flat_and_the_unit_part_of_the_matched_tier_are_both_due() -> None:
    rated = rate(usage_of(VOLUME, 8))

    assert list(map(told, rated.detailed_lines)) == [
        "volume-flat-price: 1 x 20 = 20",
        "volume-tiered-price: 8 x 2 = 16",
    ]
    assert [line.name for line in rated.detailed_lines] == [
        "Departures: flat price for tier 2",
        "Departures: unit price for tier 2",
    ]


def test_the_last_line_of_a_volume_charges_for_what_earlier_lines_could_not() -> None:
    assert rate(usage_of(VOLUME, 8, is_last=False)).detailed_lines == ()
    assert rate(usage_of(VOLUME, 4, 8, is_first=False)).totals.total == rate(usage_of(VOLUME, 12)).totals.total == 12


def test_an_average_is_charged_once_it_is_known() -> None:
    tiers = TieredPrice(TierMode.GRADUATED, (Tier(Decimal(5), Decimal(100)), Tier(None, None, Decimal(2))))
    average = replace(usage_of(tiers, "7.5", is_first=False), is_progressive=False)

    assert rate(replace(average, is_last=False)).detailed_lines == ()
    assert rate(average).totals.total == 105


def test_a_quantity_beyond_tiers_that_are_not_open_is_a_broken_invariant() -> None:
    closed = TieredPrice(TierMode.VOLUME, (Tier(Decimal(5), Decimal(1)),))

    with pytest.raises(InvariantBroken, match="no tier holds 6"):
        rate(usage_of(closed, 6))


def test_units_are_converted_before_free_units_are_taken_off_and_tiers_are_walked() -> None:
    config = worked.unit_config({"op": "divide", "factor": 1000, "rounding": "ceiling"})
    usage = replace(usage_of(UnitPrice(Decimal(10)), 7400), unit_config=config, discounts=Discounts(usage=Decimal(3)))

    assert [f"{step.step}: {step.after}" for step in quantities_of(usage)] == [
        "metered: 7400",
        "unit_conversion: 8",
        "usage_discount: 5",
    ]
    assert rate(usage).totals.total == 50
