"""Late usage and usage taken back, beyond the worked examples."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meterhouse.catalog.discount import Discounts
from meterhouse.catalog.price import Commitments, Price, Tier, TieredPrice, TierMode, UnitPrice
from meterhouse.kernel.errors import InvariantBroken
from meterhouse.kernel.period import Period
from meterhouse.rating.correction_trace import Epoch
from meterhouse.rating.corrections import rate_delta, rate_late
from meterhouse.rating.line import DetailedLine, totals_of
from meterhouse.rating.rate import rate
from meterhouse.rating.rerun import reproduces
from meterhouse.rating.trace import is_genuine
from tests.unit.rating import anything
from tests.unit.rating.samples import DAY, told, usage_of

VOLUME = TieredPrice(TierMode.VOLUME, (Tier(Decimal(15), None, Decimal(10)), Tier(None, None, Decimal(5))))
FEW_QUANTITIES = st.lists(anything.quantities, min_size=1, max_size=4)


def days(count: int) -> list[Period]:
    starts = [datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=number) for number in range(count)]
    return [Period(start, start + timedelta(days=1)) for start in starts]


@given(anything.prices, anything.discounts, FEW_QUANTITIES)
def test_whatever_was_booked_the_last_correction_brings_it_to_the_whole(
    price: Price, discounts: Discounts, quantities: list[Decimal]
) -> None:
    usage, booked = replace(usage_of(price), discounts=discounts), list[DetailedLine]()

    for run, quantity in enumerate(quantities, start=1):
        now = replace(usage, quantity=quantity, is_last=run == len(quantities))
        booked += rate_delta(now, booked).detailed_lines

    assert totals_of(booked) == rate(replace(usage, quantity=quantities[-1])).totals
    assert rate_delta(replace(usage, quantity=quantities[-1]), booked).detailed_lines == ()


@given(anything.prices, st.lists(FEW_QUANTITIES.map(sorted), min_size=1, max_size=3))
def test_whatever_period_it_is_booked_on_the_sum_is_the_whole(price: Price, known: list[list[Decimal]]) -> None:
    longest = max(map(len, known))
    grown = [[*usages, *[usages[-1]] * (longest - len(usages))] for usages in known]
    usage, booked = usage_of(price), list[tuple[Period, DetailedLine]]()

    for usages in grown:
        epochs = [
            Epoch(day, quantity, tuple(line for at, line in booked if at == day))
            for day, quantity in zip(days(longest), usages, strict=True)
        ]
        now = replace(usage, quantity=usages[-1], service_period=epochs[-1].service_period)
        correction = rate_late(now, epochs)
        assert len({line.key for line in correction.detailed_lines}) == len(correction.detailed_lines)
        booked += [(line.service_period or now.service_period, line) for line in correction.detailed_lines]

    assert totals_of(line for _, line in booked) == rate(replace(usage, quantity=grown[-1][-1])).totals


def test_another_price_of_a_unit_is_a_reversal_and_a_new_line() -> None:
    booked = rate_delta(usage_of(VOLUME, 15), []).detailed_lines
    new, reversal = rate_delta(usage_of(VOLUME, 16), booked).detailed_lines

    assert told(new) == "volume-tiered-price: 16 x 5 = 80"
    assert told(reversal) == "volume-tiered-price#reversal:10: -15 x 10 = -150"


def test_a_reversal_is_itself_subtracted_later() -> None:
    booked = list(rate_delta(usage_of(VOLUME, 15), []).detailed_lines)
    booked += rate_delta(usage_of(VOLUME, 16), booked).detailed_lines
    back = rate_delta(usage_of(VOLUME, 14), booked)

    assert list(map(told, back.detailed_lines)) == [
        "volume-tiered-price: 14 x 10 = 140",
        "volume-tiered-price#reversal:5: -16 x 5 = -80",
    ]


def test_a_minimum_that_was_met_shrinks_when_late_usage_arrives() -> None:
    price = UnitPrice(Decimal(10), Commitments(minimum=Decimal(100)))
    booked = rate_delta(usage_of(price, 6), []).detailed_lines
    late = rate_delta(usage_of(price, 7), booked)

    assert list(map(told, late.detailed_lines)) == [
        "unit-price-usage: 1 x 10 = 10",
        "min-spend: 1 x 30 = 30",
        "min-spend#reversal:40: -1 x 40 = -40",
    ]
    assert late.totals.total == 0


def test_late_usage_of_an_earlier_period_says_so_in_its_key() -> None:
    first, second = days(2)
    booked = rate(replace(usage_of(UnitPrice(Decimal(10)), 3), service_period=first)).detailed_lines
    usage = replace(usage_of(UnitPrice(Decimal(10)), 9), service_period=second)
    late, new = rate_late(usage, [Epoch(first, Decimal(4), booked), Epoch(second, Decimal(9))]).detailed_lines

    assert told(late) == "unit-price-usage@[2026-01-01T00:00:00Z, 2026-01-02T00:00:00Z): 1 x 10 = 10"
    assert told(new) == "unit-price-usage: 5 x 10 = 50"
    assert (late.service_period, new.service_period) == (first, None)


def test_the_trace_of_a_correction_tells_what_was_due_and_what_was_booked() -> None:
    price = UnitPrice(Decimal("0.333"))
    booked = rate_delta(usage_of(price, 1), []).detailed_lines
    document = rate_delta(usage_of(price, 3), booked).trace.document()

    assert [step["arithmetic"] for step in document["steps"]] == ["1 due - 0.33 booked = 0.67 USD"]
    assert document["epochs"][0]["rated"]["steps"][0]["arithmetic"] == "3 x 0.333 = 0.999, rounded 1 USD"
    assert is_genuine(document)
    assert reproduces(document)
    cheaper = document["inputs"] | {"price": {"type": "unit", "amount": "0.332"}}
    assert not reproduces({**document, "inputs": cheaper})


def test_epochs_that_are_not_what_is_rated_are_a_broken_invariant() -> None:
    with pytest.raises(InvariantBroken, match="last epoch"):
        rate_late(usage_of(VOLUME, 15), [Epoch(DAY, Decimal(14))])
    with pytest.raises(InvariantBroken, match="last epoch"):
        rate_late(usage_of(VOLUME, 15), [])
