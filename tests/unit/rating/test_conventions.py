from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

import pytest

from meterhouse.catalog.price import Commitments, DynamicPrice, Price, Tier, TieredPrice, TierMode, UnitPrice
from meterhouse.rating.conventions import (
    OPENMETER,
    Conventions,
    CutPeriod,
    FirstTierFlat,
    Fractions,
    RoundingPoint,
    UpTo,
)
from meterhouse.rating.line import RatedLine
from meterhouse.rating.rate import rate
from tests.unit.rating.samples import usage_of

FEE_AND_UNITS = (Tier(Decimal(10), Decimal(20), Decimal(1)), Tier(None, Decimal(5), Decimal("0.5")))
GRADUATED, VOLUME = (TieredPrice(mode, FEE_AND_UNITS) for mode in TierMode)
CENTS = TieredPrice(TierMode.GRADUATED, (Tier(Decimal(1), None, Decimal("0.005")), Tier(None, None, Decimal("0.005"))))


def total(price: Price, quantity: Decimal | int | str, conventions: Conventions = OPENMETER) -> Decimal:
    return rate(replace(usage_of(price, quantity), conventions=conventions)).totals.total


def amounts(line: RatedLine) -> list[str]:
    return [str(each.amount) for each in line.detailed_lines]


@pytest.mark.parametrize("price", [GRADUATED, VOLUME], ids=["graduated", "volume"])
def test_the_first_tiers_fee_is_due_without_usage_unless_told_otherwise(price: TieredPrice) -> None:
    only_with_usage = Conventions(first_tier_flat=FirstTierFlat.WITH_USAGE)

    assert total(price, 0) == 20
    assert total(price, 0, only_with_usage) == 0
    assert total(price, "0.5", only_with_usage) == total(price, "0.5") == Decimal("20.5")


def test_a_fee_due_with_usage_only_is_due_on_the_first_line_that_has_some() -> None:
    only_with_usage = Conventions(first_tier_flat=FirstTierFlat.WITH_USAGE)
    later = replace(usage_of(GRADUATED, 3, 0, is_first=False), conventions=only_with_usage)

    assert rate(later).totals.total == 23
    assert rate(replace(later, quantity_before=Decimal(1))).totals.total == 3


@pytest.mark.parametrize(
    ("price", "inclusive", "exclusive"), [(GRADUATED, 30, 35), (VOLUME, 30, 10)], ids=["graduated", "volume"]
)
def test_a_quantity_at_a_bound_belongs_to_the_tier_below_unless_told_otherwise(
    price: TieredPrice, inclusive: int, exclusive: int
) -> None:
    below = Conventions(up_to=UpTo.EXCLUSIVE)

    assert total(price, 10) == inclusive
    assert total(price, 10, below) == exclusive
    assert total(price, "9.999") == total(price, "9.999", below)
    assert total(price, "10.001") == total(price, "10.001", below)


@pytest.mark.parametrize(
    ("fractions", "expected"), [(Fractions.KEPT, "25"), (Fractions.ROUNDED_UP, "30"), (Fractions.ROUNDED_DOWN, "20")]
)
def test_fractions_of_a_unit_are_charged_unless_told_otherwise(fractions: Fractions, expected: str) -> None:
    assert total(UnitPrice(Decimal(10)), "2.5", Conventions(fractions=fractions)) == Decimal(expected)


def test_money_of_a_dynamic_price_has_no_whole_units() -> None:
    assert total(DynamicPrice(), "2.5", Conventions(fractions=Fractions.ROUNDED_UP)) == Decimal("2.5")


def test_fractions_are_rounded_over_the_full_period_not_by_line() -> None:
    up = Conventions(fractions=Fractions.ROUNDED_UP)
    splits = [
        rate(replace(usage_of(UnitPrice(Decimal(10)), "0.5", before), conventions=up)).totals.total
        for before in ("0", "0.5", "1")
    ]

    assert splits == [10, 0, 10]


@pytest.mark.parametrize(
    ("point", "expected"),
    [
        (RoundingPoint.DETAILED_LINE, ["0.01", "0.01"]),
        (RoundingPoint.LINE, ["0.01", "0.00"]),
        (RoundingPoint.CUMULATIVE, ["0.01", "0.01"]),
    ],
)
def test_each_detailed_line_is_rounded_by_itself_unless_told_otherwise(
    point: RoundingPoint, expected: list[str]
) -> None:
    rated = rate(replace(usage_of(CENTS, 2), conventions=Conventions(rounding_point=point)))

    assert amounts(rated) == expected


def test_cumulative_rounding_makes_up_for_what_earlier_lines_rounded() -> None:
    third = UnitPrice(Decimal("0.333"))
    by_itself, cumulative = (
        [rate(replace(usage_of(third, 1, before), conventions=each)).totals.total for before in range(3)]
        for each in (OPENMETER, Conventions(rounding_point=RoundingPoint.CUMULATIVE))
    )

    assert [str(amount) for amount in by_itself] == ["0.33", "0.33", "0.33"]
    assert [str(amount) for amount in cumulative] == ["0.33", "0.34", "0.33"]
    assert sum(cumulative) == total(third, 3) == Decimal("1.00")


def test_a_cut_period_has_its_commitments_in_full_unless_told_otherwise() -> None:
    half = usage_of(UnitPrice(Decimal(1), Commitments(Decimal(100), Decimal(200))), 0, share=Fraction(1, 3))
    prorated = Conventions(commitments_of_a_cut_period=CutPeriod.PRORATED)

    assert rate(half).totals.total == 100
    assert rate(replace(half, conventions=prorated)).totals.total == Decimal("33.33")
    assert rate(replace(half, quantity=Decimal(500))).totals.total == 200
    assert rate(replace(half, quantity=Decimal(500), conventions=prorated)).totals.total == Decimal("66.67")
