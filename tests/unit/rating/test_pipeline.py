"""What holds of every line, whatever its price."""

from dataclasses import replace
from decimal import Decimal, localcontext
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from meterhouse.catalog.discount import Discounts
from meterhouse.catalog.price import (
    Commitments,
    FlatPrice,
    Price,
    Tier,
    TieredPrice,
    TierMode,
    UnitPrice,
    UsagePrice,
)
from meterhouse.catalog.unit_config import UnitConfig
from meterhouse.kernel.currency import Currency
from meterhouse.kernel.period import Period
from meterhouse.kernel.rounding import EXACT, fits, round_half_away
from meterhouse.rating.amounts import amounts_of
from meterhouse.rating.conventions import Conventions, RoundingPoint
from meterhouse.rating.line import Category, DiscountReason, RatedLine, Totals, totals_of
from meterhouse.rating.part import Part
from meterhouse.rating.rate import parts_of, rate
from meterhouse.rating.usage import Usage
from tests.unit.rating import anything
from tests.unit.rating.samples import DAY, told, usage_of

CUMULATIVE = Conventions(rounding_point=RoundingPoint.CUMULATIVE)
CENT = Decimal("0.01")


def exact(usage: Usage) -> Fraction:
    """What the price comes to before anything is rounded."""
    with localcontext(EXACT):
        parts = parts_of(usage)
        return anything.exact_sum([amount.exact for amount in amounts_of(parts, 2, RoundingPoint.DETAILED_LINE)])


def in_parts(usage: Usage, ends: list[Decimal]) -> list[RatedLine]:
    """The lines of a full period that is split where the cumulative quantity is at each of `ends`."""
    lines, billed = list[RatedLine](), Decimal(0)
    for index, (before, after) in enumerate(pairwise([Decimal(0), *ends])):
        split = replace(
            usage,
            quantity=after - before,
            quantity_before=before,
            amount_before=billed,
            is_first=not index,
            is_last=index == len(ends) - 1,
        )
        lines.append(rate(split))
        billed += lines[-1].totals.total
    return lines


ends = st.lists(anything.quantities, min_size=1, max_size=4).map(sorted)


@given(anything.usage_prices(bound=False), anything.quantities, anything.quantities)
def test_a_period_in_two_parts_costs_what_it_costs_at_once(price: UsagePrice, one: Decimal, other: Decimal) -> None:
    middle, end = sorted((one, other))
    whole = usage_of(price, end)

    first = exact(usage_of(price, middle))
    second = exact(usage_of(price, end - middle, middle, is_first=False))

    assert first + second == exact(whole)


@given(anything.prices, anything.discounts, anything.unit_configs, ends, anything.currencies)
def test_split_lines_rounded_cumulatively_sum_to_the_whole_to_the_cent(
    price: Price, discounts: Discounts, config: UnitConfig, ends: list[Decimal], money: Currency
) -> None:
    usage = replace(
        usage_of(price, ends[-1]), discounts=discounts, unit_config=config, conventions=CUMULATIVE, currency=money
    )

    lines = in_parts(usage, ends)

    assert sum(line.totals.total for line in lines) == rate(usage).totals.total


@given(anything.usage_prices(bound=False), ends)
def test_split_lines_rounded_one_by_one_miss_the_whole_by_half_a_cent_each_at_most(
    price: UsagePrice, ends: list[Decimal]
) -> None:
    lines = in_parts(usage_of(price), ends)

    rounded = sum((line.totals.total for line in lines), Decimal(0)) - rate(usage_of(price, ends[-1])).totals.total
    count = sum(len(line.detailed_lines) for line in lines)
    assert abs(rounded) <= CENT * count


@given(anything.usage_prices(bound=False), anything.quantities, anything.quantities)
def test_more_usage_never_costs_less(price: UsagePrice, one: Decimal, other: Decimal) -> None:
    less, more = sorted((one, other))

    assert exact(usage_of(price, less)) <= exact(usage_of(price, more))
    assert rate(usage_of(price, less)).totals.total <= rate(usage_of(price, more)).totals.total


@given(anything.usages())
def test_totals_are_the_sums_of_lines_rounded_to_the_currency(usage: Usage) -> None:
    rated = rate(usage)

    assert rated.totals == totals_of(rated.detailed_lines)
    assert rated.totals.total == sum((line.net for line in rated.detailed_lines), Decimal(0))
    exponent = usage.currency.exponent
    for line in rated.detailed_lines:
        assert fits(line.amount, exponent)
        assert all(fits(taken.amount, exponent) for taken in line.discounts)


@given(anything.usages(), anything.quantities)
def test_a_discount_takes_no_more_than_there_is(usage: Usage, quantity: Decimal) -> None:
    for line in rate(replace(usage, quantity=quantity)).detailed_lines:
        assert line.amount >= 0
        assert all(taken.amount > 0 for taken in line.discounts)
        assert line.net >= 0


@given(anything.prices, anything.discounts, ends, anything.conventions)
def test_a_full_period_costs_its_minimum_at_least_and_its_maximum_at_most(
    price: Price, discounts: Discounts, ends: list[Decimal], conventions: Conventions
) -> None:
    usage = replace(usage_of(price, ends[-1]), discounts=discounts, conventions=conventions)
    bounds = price.commitments

    for total in (
        rate(usage).totals.total,
        sum((line.totals.total for line in in_parts(usage, ends)), Decimal(0)),
    ):
        if bounds.minimum is not None:
            assert total >= round_half_away(bounds.minimum, 2)
        if bounds.maximum is not None:
            assert total <= round_half_away(bounds.maximum, 2)


@given(st.lists(st.tuples(anything.amounts, anything.quantities), min_size=1, max_size=6))
@example(
    [(Decimal("0.0332"), Decimal("2.754")), (Decimal("0.0496"), Decimal(2500)), (Decimal("0.1538"), Decimal("132.468"))]
)
def test_a_sum_rounded_once_is_shared_by_its_lines_to_the_last_cent(lines: list[tuple[Decimal, Decimal]]) -> None:
    parts = [Part(f"part-{index}", "", *pair) for index, pair in enumerate(lines)]

    amounts = amounts_of(parts, 2, RoundingPoint.LINE)

    whole = sum((amount * quantity for amount, quantity in lines), Decimal(0))
    assert sum(amount.value for amount in amounts) == round_half_away(whole, 2)
    assert all(abs(amount.value - Decimal(amount.exact)) < CENT for amount in amounts)  # type: ignore[arg-type] # no ratio


@given(anything.usages())
def test_what_is_charged_at_the_end_is_charged_by_the_last_line_alone(usage: Usage) -> None:
    if usage.is_charged_at_the_end and not usage.is_last:
        assert rate(usage).detailed_lines == ()


def test_a_minimum_is_met_once_by_the_last_line_for_the_whole_period() -> None:
    price, month = UnitPrice(Decimal(10), Commitments(minimum=Decimal(100))), Period(DAY.start, DAY.end.replace(day=9))
    first = rate(replace(usage_of(price, 3, is_last=False), whole_period=month))
    last = rate(replace(usage_of(price, 2, 3, is_first=False), amount_before=Decimal(30), whole_period=month))

    assert [line.key for line in first.detailed_lines] == ["unit-price-usage"]
    usage, minimum = last.detailed_lines
    assert told(minimum) == "min-spend: 1 x 50 = 50"
    assert minimum.name == "Departures: minimum spend"
    assert (minimum.category, minimum.service_period, usage.service_period) == (Category.COMMITMENT, month, None)
    assert last.totals == Totals(amount=Decimal(20), charges_total=Decimal(50))


def test_a_maximum_is_used_up_by_the_detailed_lines_in_their_order() -> None:
    price = TieredPrice(
        TierMode.GRADUATED,
        (Tier(Decimal(5), Decimal(100)), Tier(None, None, Decimal(10))),
        Commitments(maximum=Decimal(120)),
    )
    flat, usage = rate(usage_of(price, 10)).detailed_lines

    assert told(flat) == "graduated-tiered-1-flat-price: 1 x 100 = 100"
    assert told(usage) == "graduated-tiered-2-price-usage: 5 x 10 = 50 less 30"


def test_a_percentage_is_taken_off_before_the_maximum_counts() -> None:
    price = UnitPrice(Decimal(10), Commitments(maximum=Decimal(60)))
    (line,) = rate(replace(usage_of(price, 10), discounts=Discounts(percentage=Decimal(30)))).detailed_lines

    assert told(line) == "unit-price-usage: 10 x 10 = 100 less 30 less 10"
    assert [taken.reason for taken in line.discounts] == [DiscountReason.PERCENTAGE, DiscountReason.MAXIMUM_SPEND]


def test_a_correction_takes_back_the_discount_with_the_amount() -> None:
    (line,) = rate(
        replace(usage_of(UnitPrice(Decimal(10)), -4, 10), discounts=Discounts(percentage=Decimal(50)))
    ).detailed_lines

    assert told(line) == "unit-price-usage: -4 x 10 = -40 less -20"


def test_a_minimum_is_due_for_a_period_without_usage() -> None:
    assert rate(usage_of(UnitPrice(Decimal(1), Commitments(minimum=Decimal(5))), 0)).totals.total == 5


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"quantity": Decimal("NaN")}, "finite"),
        ({"amount_before": Decimal("Infinity")}, "finite"),
        ({"is_progressive": False, "quantity_before": Decimal(1)}, "only at the end"),
    ],
)
def test_impossible_usage_is_refused(changes: dict[str, object], message: str) -> None:
    usage = usage_of(FlatPrice(Decimal(1)))
    with pytest.raises(ValueError, match=message):
        replace(usage, **changes)  # type: ignore[arg-type] # any of its fields
