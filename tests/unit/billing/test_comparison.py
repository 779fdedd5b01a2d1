"""Differences, totals and quantiles; and the self-test: the plan that was sold comes to what was invoiced."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from meterhouse.billing.backtest import BacktestRow, RowState
from meterhouse.billing.backtest_case import case_of, settled
from meterhouse.billing.billed_lines import BilledLines, billed_lines
from meterhouse.billing.collection import Missing, rated
from meterhouse.billing.compared_periods import last_stretches
from meterhouse.billing.comparison import QUANTILES, Summary, Sums, quantiles_of, summary_of
from meterhouse.billing.invoice import Line
from meterhouse.billing.line_keys import is_rest
from meterhouse.billing.profile import EndProration, Workflow
from meterhouse.billing.reconcile import reconcile
from meterhouse.billing.rests import Known
from meterhouse.catalog.plan import PlanSpec
from meterhouse.catalog.price import FlatPrice, Price, UnitPrice
from meterhouse.catalog.rate_card import RateCard
from meterhouse.kernel.cadence import Cadence
from meterhouse.kernel.rounding import round_half_away
from meterhouse.subscriptions.model import Subscription
from meterhouse.subscriptions.spec import subscribe
from tests.unit.billing.samples import NOW, metered
from tests.unit.rating.anything import discounts, prices, unit_configs
from tests.unit.subscriptions.samples import CUSTOMER_ID, at, card, fee, phase, spec, subscription, terms

LAYOUTS: list[list[tuple[str, str | None]]] = [
    [("only", None)],
    [("trial", "P1W"), ("paid", None)],
    [("trial", "P1M"), ("paid", None)],
]
START = at("2024-01-01")


def used(line: Line) -> Decimal:
    """Usage that depends on the period alone, as an account of real events does; of a flat price it is one."""
    return used_until(line.service_period.end) if line.rate_card.is_metered else Decimal(1)


def used_until(end: datetime) -> Decimal:
    return Decimal(int(end.timestamp()) // 3600 % 997) / 8


@dataclass
class Billed:
    """What an invoice run would have left: issued lines, and what is known of all."""

    workflow: Workflow
    pending: dict[str, Line] = field(default_factory=dict)
    issued: dict[str, Line] = field(default_factory=dict)

    def run(self, agreed: Subscription, as_of: datetime) -> None:
        changes = reconcile([agreed], list(self.pending.values()), self.known, as_of, NOW)
        self.pending |= {line.id: line for line in (*changes.added, *changes.changed)}
        for one in changes.removed:
            del self.pending[one]
        for line in [line for line in self.pending.values() if line.invoice_at <= as_of]:
            self.issued[line.id] = rated(self.pending.pop(line.id), used(line), self.workflow, NOW)

    @property
    def known(self) -> Known:
        lines = [*self.pending.values(), *self.issued.values()]
        full = self.workflow.end_proration is EndProration.BILL_FULL_PERIOD
        parts = {
            line.key: line.service_period
            for line in self.issued.values()
            if line.service_period != line.full_service_period
            and isinstance(line.rate_card.price, FlatPrice)
            and line.is_prorated
            and not (full and line.is_terminal)
        }
        rests = {line.key for line in self.issued.values() if is_rest(line.key)}
        return Known({line.key for line in lines}, parts, rests=rests)

    def compared(self, agreed: Subscription, plan: PlanSpec, periods: int, as_of: datetime) -> BacktestRow:
        stretches = last_stretches([agreed], "plan", periods, as_of)
        lines = billed_lines([agreed], self.known, self.pending.values(), self.issued.values(), (), {}, as_of)
        made = case_of(CUSTOMER_ID, stretches, plan, lines, NOW)
        quantities: dict[str, Decimal | Missing] = {line.id: used(line) for line in made.unrated}
        return settled(made, quantities, self.workflow, NOW)


def compared(agreed: Subscription, plan: PlanSpec, *, periods: int = 3, as_of: str = "2024-04-01") -> BacktestRow:
    return Billed(Workflow()).compared(agreed, plan, periods, at(as_of))


@st.composite
def cards(draw: st.DrawFn, key: str) -> RateCard:
    price: Price = draw(prices)
    made = replace(card(key, price), discounts=draw(discounts), name=draw(st.sampled_from(["One", "Two"])))
    if isinstance(price, FlatPrice):
        return replace(made, billing_cadence=draw(st.sampled_from([None, Cadence.parse("P1M"), Cadence.parse("P1W")])))
    return replace(made, feature_key=key, unit_config=draw(st.none() | unit_configs))


@st.composite
def plans(draw: st.DrawFn) -> PlanSpec:
    keys = [f"item_{number}" for number in range(draw(st.integers(1, 3)))]
    phases = [
        phase(name, duration, *(draw(cards(key)) for key in keys)) for name, duration in draw(st.sampled_from(LAYOUTS))
    ]
    return replace(spec(*phases), is_prorated=draw(st.booleans()))


@given(
    plan=plans(),
    anchor=st.integers(-40, 0),
    ends=st.none() | st.integers(20, 130),
    runs=st.lists(st.integers(1, 130), max_size=4),
    goes_on=st.booleans(),
    proration=st.sampled_from(EndProration),
    periods=st.integers(1, 6),
)
def test_the_plan_that_was_sold_comes_to_what_was_invoiced_for_any_price_and_any_usage(
    plan: PlanSpec,
    anchor: int,
    ends: int | None,
    runs: list[int],
    goes_on: bool,
    proration: EndProration,
    periods: int,
) -> None:
    made = subscribe(plan, terms("2024-01-01", anchor=f"{START + timedelta(days=anchor):%Y-%m-%d}"))
    agreed = made if ends is None else replace(made, active_to=START + timedelta(days=ends))
    billed = Billed(Workflow(end_proration=proration))
    for day in sorted(day for day in runs if not goes_on or ends is None or day < ends):
        billed.run(agreed, START + timedelta(days=day, hours=2))
    if goes_on:  # the cancelation is taken back: what was invoiced in part has a rest now
        agreed = replace(agreed, active_to=None)

    row = billed.compared(agreed, plan, periods, START + timedelta(days=131))

    assert row.state is RowState.COMPARED
    assert row.difference == 0
    for line in row.lines or ():
        assert line.old is not None
        assert line.new is not None
        assert (line.old.totals, line.old.detailed) == (line.new.totals, line.new.detailed)
        if line.old.period == line.new.period:  # what is charged once may have been cut when it was
            assert line.old.trace == line.new.trace


def test_a_period_that_was_invoiced_in_part_is_divided_alike_on_both_sides() -> None:
    plan = spec(phase("default", None, fee(amount="10")))
    agreed = subscribe(plan, terms("2024-01-01"))
    billed = Billed(Workflow())
    billed.run(replace(agreed, active_to=at("2024-01-10")), at("2024-01-02"))

    row = billed.compared(agreed, plan, 1, at("2024-02-01"))

    part, rest = row.lines or ()
    assert (part.sums.old, part.sums.new) == (Decimal("2.90"), Decimal("2.90"))
    assert (rest.sums.old, rest.sums.new) == (Decimal("7.10"), Decimal("7.10"))
    assert [one.old and one.old.invoice_id is not None for one in (part, rest)] == [True, False]


def test_each_line_stands_beside_the_other_of_its_item_and_period() -> None:
    agreed = subscription("2024-01-01", (fee(amount="20"), metered()))
    plan = spec(phase("default", None, metered(price=UnitPrice(Decimal(2))), fee("seats", "5")))

    row = compared(agreed, plan, periods=1)

    quantity = used_until(at("2024-04-01"))
    assert [(one.item_key, one.sums) for one in row.lines or ()] == [
        ("fee", Sums(Decimal(20), Decimal(0))),
        ("seats", Sums(Decimal(0), Decimal(5))),
        ("usage", Sums(round_half_away(quantity / 2, 2), round_half_away(quantity * 2, 2))),
    ]
    assert row.difference == Decimal(-15) + round_half_away(quantity * 2, 2) - round_half_away(quantity / 2, 2)


def test_what_was_invoiced_counts_as_it_was_though_it_is_not_asked_for_any_more() -> None:
    sold = subscription("2024-01-01", (fee(amount="20"),))
    billed = Billed(Workflow())
    billed.run(sold, at("2024-03-01T02:00:00Z"))
    dearer = subscription("2024-01-01", (fee("other", "70"),))

    row = billed.compared(dearer, spec(phase("default", None, fee("other", "70"))), 1, at("2024-04-01"))

    assert (row.old, row.new) == (Decimal(90), Decimal(70))
    [invoiced, asked] = row.lines or ()
    assert (invoiced.item_key, asked.item_key) == ("fee", "other")
    assert invoiced.old is not None
    assert invoiced.old.invoice_id is not None
    assert asked.old is not None
    assert asked.old.invoice_id is None


def test_a_quantity_that_is_not_known_is_a_reason_and_no_amount() -> None:
    agreed = subscription("2024-01-01", (metered(),))
    made = case_of(CUSTOMER_ID, last_stretches([agreed], "plan", 1, at("2024-04-01")), spec(), BilledLines(), NOW)
    unknown = {line.id: Missing("usage_not_readable", "its meter is gone") for line in made.unrated}

    row = settled(made, unknown, Workflow(), NOW)

    assert row.state is RowState.FAILED
    assert row.reason is not None
    assert row.reason.code == "usage_not_readable"
    assert (row.old, row.new, row.difference) == (None, None, None)


def summary(*differences: str, failed: int = 0) -> Summary:
    return summary_of([Sums(Decimal(100), Decimal(100) + Decimal(one)) for one in differences], failed)


def test_a_summary_counts_who_would_pay_more_less_and_the_same() -> None:
    found = summary("-1", "0.005", "0", "7", failed=2)

    assert (found.raised, found.lowered, found.unchanged, found.compared, found.failed) == (2, 1, 1, 4, 2)
    assert found.totals == Sums(Decimal(400), Decimal("406.005"))
    assert found.totals.difference == Decimal("6.005")


def test_quantiles_are_differences_that_somebody_has() -> None:
    hundred = [Decimal(number) for number in range(1, 101)]

    assert quantiles_of(hundred) == {percent: Decimal(max(percent, 1)) for percent in QUANTILES}
    assert summary("5", "-2", "9").quantiles[50] == 5
    assert summary("5").quantiles == dict.fromkeys(QUANTILES, Decimal(5))
    assert summary().quantiles == {}


@given(st.lists(st.decimals(-1000, 1000, places=2), min_size=1))
def test_at_least_so_many_per_cent_lie_at_a_quantile_or_below_and_fewer_below_it(values: list[Decimal]) -> None:
    for percent, quantile in quantiles_of(sorted(values)).items():
        assert quantile in values
        assert sum(one <= quantile for one in values) * 100 >= percent * len(values)
        assert percent == 0 or sum(one < quantile for one in values) * 100 < percent * len(values)
