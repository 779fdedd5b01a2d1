import json
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given

from meterhouse.catalog.discount import Discounts
from meterhouse.catalog.price import Commitments, FlatPrice, PaymentTerm, Tier, TieredPrice, TierMode, UnitPrice
from meterhouse.rating.conventions import Conventions, Fractions, RoundingPoint
from meterhouse.rating.line import AmountDiscount, Category, DetailedLine, DiscountReason, Totals, totals_of
from meterhouse.rating.rate import rate
from meterhouse.rating.rerun import reproduces, rerun, usage_of
from meterhouse.rating.statement import statement_of
from meterhouse.rating.trace import is_genuine
from meterhouse.rating.trace_text import encoded
from meterhouse.rating.usage import Usage
from tests.unit.rating import anything, samples, worked

TIERS = TieredPrice(
    TierMode.GRADUATED,
    (Tier(Decimal(1000), Decimal(10), Decimal("1.50")), Tier(None, None, Decimal("0.333"))),
)
BOUNDED = UnitPrice(Decimal(10), Commitments(Decimal(50), Decimal(100)))
STORED: list[dict[str, Any]] = json.loads(
    Path(__file__).with_name("traces_of_version_1.json").read_text(encoding="utf-8")
)


def arithmetic(usage: Usage) -> list[str]:
    return [step["arithmetic"] for step in rate(usage).trace.document()["steps"]]


def test_trace_tells_the_whole_arithmetic() -> None:
    document = rate(samples.usage_of(TIERS, "1005")).trace.document()

    assert [step["arithmetic"] for step in document["steps"]] == [
        "1000 x 1.5 = 1500 USD",
        "1 x 10 = 10 USD",
        "5 x 0.333 = 1.665, rounded 1.67 USD",
    ]
    assert document["steps"][2]["tier"] == {"number": 2, "over": "1000", "up_to": None}
    assert document["totals"] == {"amount": "1511.67", "charges": "0", "discounts": "0", "total": "1511.67"}
    assert document["rounding"] == {"mode": "half_away_from_zero", "exponent": 2, "point": "detailed_line"}
    assert document["inputs"]["quantity"] == "1005"
    assert document["inputs"]["service_period"] == {"from": "2021-01-01T00:00:00Z", "to": "2021-01-02T00:00:00Z"}


def test_trace_shows_the_share_of_a_prorated_price() -> None:
    usage = samples.usage_of(FlatPrice(Decimal(100)), share=Fraction(15, 31))

    assert rate(usage).trace.document()["inputs"]["share"] == "15/31"
    assert arithmetic(usage) == ["1 x 100 x 15/31 = 1500/31, rounded 48.39 USD"]


def test_trace_shows_what_was_taken_off_and_what_was_added() -> None:
    usage = replace(
        samples.usage_of(BOUNDED, 20, 7, is_first=False),
        amount_before=Decimal("46.66"),
        discounts=Discounts(percentage=Decimal("33.333")),
    )
    (step,) = rate(usage).trace.document()["steps"]

    assert [(taken["reason"], taken["arithmetic"]) for taken in step["discounts"]] == [
        ("ratecard_percentage", "200 x 33.333 % = 66.666, rounded 66.67 USD"),
        ("maximum_spend", "133.33 - 53.34 left of 100 = 79.99 USD"),
    ]
    assert arithmetic(replace(usage, quantity=Decimal(0))) == ["50 - 46.66 before - 0 = 3.34 USD"]
    full = rate(replace(usage, amount_before=Decimal(100))).trace.document()["steps"][0]
    assert full["discounts"][1]["arithmetic"] == "nothing left of 100: 133.33 USD"


def test_trace_shows_how_metered_units_became_charged_ones() -> None:
    usage = replace(
        samples.usage_of(UnitPrice(Decimal(10)), 1300, 1400),
        unit_config=worked.unit_config({"op": "divide", "factor": 1000, "rounding": "ceiling"}),
        discounts=Discounts(usage=Decimal("2.5")),
        conventions=Conventions(fractions=Fractions.ROUNDED_UP),
    )
    steps = rate(usage).trace.document()["quantities"]

    assert [(step["step"], step["before"], step["after"]) for step in steps] == [
        ("metered", "1400", "2700"),
        ("unit_conversion", "2", "3"),
        ("whole_units", "2", "3"),
        ("usage_discount", "0", "0.5"),
    ]
    assert [step.get("arithmetic") for step in steps] == [
        None,
        "2700 / 1000 = 2.7, ceiling 3; before: 1400 / 1000 = 1.4, ceiling 2",
        "3, rounded up 3; before: 2, rounded up 2",
        "3 - 2.5 free = 0.5; before: 2 of 2.5 free leaves 0",
    ]


def test_trace_shows_where_another_convention_rounds() -> None:
    third = samples.usage_of(UnitPrice(Decimal("0.333")), 1, 1)
    cumulative = replace(
        third,
        conventions=Conventions(rounding_point=RoundingPoint.CUMULATIVE),
        discounts=Discounts(percentage=Decimal(50)),
    )
    (step,) = rate(cumulative).trace.document()["steps"]
    assert step["arithmetic"] == "2 x 0.333 = 0.666, rounded 0.67, less 0.33 before = 0.34 USD"
    assert step["discounts"][0]["arithmetic"] == (
        "(0.33 + 0.34) x 50 % = 0.335, rounded, less what was taken off before = 0.17 USD"
    )

    halves = (Tier(Decimal(1), None, Decimal("0.005")), Tier(None, None, Decimal("0.005")))
    shared = replace(
        samples.usage_of(TieredPrice(TierMode.GRADUATED, halves), 2),
        conventions=Conventions(rounding_point=RoundingPoint.LINE),
    )
    assert arithmetic(shared) == [
        "1 x 0.005 = 0.005, its share of the rounded sum 0.01 USD",
        "1 x 0.005 = 0.005, its share of the rounded sum 0 USD",
    ]


def test_same_usage_gives_the_same_hash_in_every_run() -> None:
    first, second = rate(samples.usage_of(TIERS, "1005")), rate(samples.usage_of(TIERS, "1005.000000000000000000"))

    assert first.trace.hash == second.trace.hash
    assert first.trace.hash.startswith("6ffa8c05df89")


def test_an_amount_written_otherwise_gives_the_same_hash_whichever_came_first() -> None:
    written = [rate(samples.usage_of(UnitPrice(Decimal(text)), 7)).trace.hash for text in ("2.750", "2.75", "275E-2")]

    assert len(set(written)) == 1


@given(anything.usages())
def test_a_trace_rated_again_comes_to_the_same_hash(usage: Usage) -> None:
    document = json.loads(json.dumps(rate(usage).trace.document()))

    assert reproduces(document)
    assert is_genuine(document)
    assert rate(usage_of(document)).totals == rate(usage).totals


@given(anything.usages())
def test_a_trace_is_canonical_json(usage: Usage) -> None:
    text = rate(usage).trace.canonical

    assert encoded(json.loads(text)) == text


def test_any_other_input_gives_another_hash() -> None:
    usage = samples.usage_of(UnitPrice(Decimal(2)), 7)
    others = [
        replace(usage, quantity=Decimal(8)),
        replace(usage, quantity_before=Decimal(1)),
        replace(usage, amount_before=Decimal(1)),
        replace(usage, is_first=False),
        replace(usage, is_last=False),
        replace(usage, is_progressive=False),
        replace(usage, share=Fraction(1, 2)),
        replace(usage, price=UnitPrice(Decimal("2.1"))),
        replace(usage, price=UnitPrice(Decimal(2), Commitments(maximum=Decimal(1000)))),
        replace(usage, discounts=Discounts(percentage=Decimal(1))),
        replace(usage, unit_config=worked.unit_config({"op": "multiply", "factor": 1, "rounding": None})),
        replace(usage, conventions=Conventions(rounding_point=RoundingPoint.LINE)),
        replace(usage, whole_period=samples.DAY),
        replace(usage, price_version="2"),
        replace(usage, name="Miles"),
    ]

    hashes = {rate(each).trace.hash for each in [usage, *others]}

    assert len(hashes) == len(others) + 1


def test_stored_trace_is_recognised_whatever_the_order_of_its_keys() -> None:
    stored = json.loads(json.dumps(rate(samples.usage_of(TIERS, 7)).trace.document()))
    turned = dict(reversed(stored.items()))

    assert is_genuine(turned)
    assert not is_genuine({**turned, "totals": {"amount": "1", "total": "1"}})


@pytest.mark.parametrize("stored", STORED, ids=lambda stored: str(stored["inputs"]["price"]["type"]))
def test_a_trace_of_version_1_stays_genuine_and_its_amounts_are_still_those(stored: dict[str, Any]) -> None:
    assert stored["version"] == 1
    assert is_genuine(stored)
    assert reproduces(stored)
    assert not reproduces({**stored, "totals": {"amount": "1", "total": "1"}})


def test_a_trace_of_a_version_that_was_never_written_is_refused() -> None:
    with pytest.raises(ValueError, match="version 3"):
        rerun({"version": 3})


def test_a_trace_is_printed_as_a_statement() -> None:
    usage = replace(
        samples.usage_of(TIERS, "1005"),
        discounts=Discounts(Decimal(10), Decimal(2)),
        price_version="sub/phase/departures/v[0]",
    )
    document = rate(usage).trace.document()

    assert statement_of(document) == [
        "Departures, 2021-01-01T00:00:00Z to 2021-01-02T00:00:00Z, price sub/phase/departures/v[0]",
        "metered: 1005",
        "usage discount: 1005 - 2 free = 1003",
        "Departures: usage price for tier 1: 1000 x 1.5 = 1500 USD",
        "  less ratecard percentage: 1500 x 10 % = 150 USD",
        "Departures: flat price for tier 1: 1 x 10 = 10 USD",
        "  less ratecard percentage: 10 x 10 % = 1 USD",
        "Departures: usage price for tier 2: 3 x 0.333 = 0.999, rounded 1 USD",
        "  less ratecard percentage: 1 x 10 % = 0.1 USD",
        "total: 1359.9 USD",
        f"sha256: {document['hash']}",
    ]


def test_a_trace_of_version_1_is_printed_too() -> None:
    assert statement_of(STORED[1])[1:] == [
        "Departures: 1 x 100 x 15/31 = 1500/31, rounded 48.39 USD",
        "total: 48.39 USD",
        f"sha256: {STORED[1]['hash']}",
    ]


REGULAR = DetailedLine("a", "a", Decimal(1), Decimal(2), Decimal(2), PaymentTerm.IN_ARREARS)


def test_what_fulfils_a_commitment_counts_as_a_charge() -> None:
    minimum = REGULAR._replace(key="min-spend", amount=Decimal(8), category=Category.COMMITMENT)

    totals = totals_of([REGULAR, minimum])

    assert totals == Totals(amount=Decimal(2), charges_total=Decimal(8))
    assert totals.total == 10
    assert (totals + totals).total == 20


def test_what_is_taken_off_counts_as_a_discount() -> None:
    taken = (
        AmountDiscount(DiscountReason.PERCENTAGE, Decimal("0.5")),
        AmountDiscount(DiscountReason.MAXIMUM_SPEND, Decimal(1)),
    )
    line = REGULAR._replace(discounts=taken)

    assert line.net == totals_of([line]).total == Decimal("0.5")
    assert totals_of([line]) == Totals(amount=Decimal(2), discounts_total=Decimal("1.5"))


def test_taxes_on_top_raise_the_total_and_taxes_within_do_not() -> None:
    totals = Totals(
        amount=Decimal(100),
        discounts_total=Decimal(10),
        credits_total=Decimal(5),
        taxes_inclusive_total=Decimal(3),
        taxes_exclusive_total=Decimal(20),
    )

    assert totals.total == 105
    assert totals.taxes_total == 23
