import json
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

from meterhouse.catalog.price import FlatPrice, Tier, TieredPrice, TierMode, UnitPrice
from meterhouse.rating.line import Category, DetailedLine, Totals, totals_of
from meterhouse.rating.rate import rate
from meterhouse.rating.trace import is_genuine
from tests.unit.rating.samples import usage_of

TIERS = TieredPrice(
    TierMode.GRADUATED,
    (Tier(Decimal(1000), Decimal(10), Decimal("1.50")), Tier(None, None, Decimal("0.333"))),
)


def test_trace_tells_the_whole_arithmetic() -> None:
    document = rate(usage_of(TIERS, "1005")).trace.document()

    assert [step["arithmetic"] for step in document["steps"]] == [
        "1000 x 1.5 = 1500 USD",
        "1 x 10 = 10 USD",
        "5 x 0.333 = 1.665, rounded 1.67 USD",
    ]
    assert document["steps"][2]["tier"] == {"number": 2, "over": "1000", "up_to": None}
    assert document["totals"] == {"amount": "1511.67", "total": "1511.67"}
    assert document["rounding"] == {"mode": "half_away_from_zero", "exponent": 2}
    assert document["inputs"]["quantity"] == "1005"
    assert document["inputs"]["service_period"] == {"from": "2021-01-01T00:00:00Z", "to": "2021-01-02T00:00:00Z"}


def test_trace_shows_the_share_of_a_prorated_price() -> None:
    document = rate(usage_of(FlatPrice(Decimal(100)), share=Fraction(15, 31))).trace.document()

    assert document["inputs"]["share"] == "15/31"
    assert document["steps"][0]["arithmetic"] == "1 x 100 x 15/31 = 1500/31, rounded 48.39 USD"


def test_same_usage_gives_the_same_hash_in_every_run() -> None:
    first, second = rate(usage_of(TIERS, "1005")), rate(usage_of(TIERS, "1005.000000000000000000"))

    assert first.trace.hash == second.trace.hash
    assert first.trace.hash.startswith("531ed2ae556b")


def test_any_other_input_gives_another_hash() -> None:
    usage = usage_of(UnitPrice(Decimal(2)), 7)
    others = [
        replace(usage, quantity=Decimal(8)),
        replace(usage, quantity_before=Decimal(1)),
        replace(usage, is_last=False),
        replace(usage, price=UnitPrice(Decimal("2.1"))),
        replace(usage, name="Miles"),
    ]

    hashes = {rate(each).trace.hash for each in [usage, *others]}

    assert len(hashes) == len(others) + 1


def test_stored_trace_is_recognised_whatever_the_order_of_its_keys() -> None:
    stored = json.loads(json.dumps(rate(usage_of(TIERS, 7)).trace.document()))
    turned = dict(reversed(stored.items()))

    assert is_genuine(turned)
    assert not is_genuine({**turned, "totals": {"amount": "1", "total": "1"}})


def test_what_fulfils_a_commitment_counts_as_a_charge() -> None:
    (regular,) = [DetailedLine("a", "a", Decimal(1), Decimal(2), Decimal(2), FlatPrice(Decimal(0)).payment_term)]
    minimum = replace(regular, key="min-spend", amount=Decimal(8), category=Category.COMMITMENT)

    totals = totals_of([regular, minimum])

    assert totals == Totals(amount=Decimal(2), charges_total=Decimal(8))
    assert totals.total == 10
    assert (totals + totals).total == 20


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
