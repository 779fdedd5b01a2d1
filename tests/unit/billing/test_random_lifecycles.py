"""Whatever callers, apps, the books and the clock do to an invoice: no step is beside the table."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import pairwise

from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from meterhouse.billing.app import Payment, Refused
from meterhouse.billing.bookings import bookings_of
from meterhouse.billing.collection import collected, is_collectable, waiting
from meterhouse.billing.drive import Driven, drive
from meterhouse.billing.dunning import Dunning
from meterhouse.billing.invoice import Invoice, Transition
from meterhouse.billing.lifecycle import drive_by_rule, recorded, resumed
from meterhouse.billing.profile import CollectionMethod
from meterhouse.billing.state import InvoiceState, Trigger, available_actions
from meterhouse.kernel.duration import Duration
from meterhouse.ledger.account import Account
from meterhouse.ledger.transaction import Transaction
from tests.unit.billing.samples import FakeApp, draft, profile_with
from tests.unit.billing.worked_states import TABLE, leads, permits, possible
from tests.unit.subscriptions.samples import at

BEGUN = at("2024-02-01T00:30:00Z")
PAYMENTS = [Trigger.PAID, Trigger.AUTHORIZED, Trigger.FAILED, Trigger.ACTION_REQUIRED, Trigger.PAYMENT_UNCOLLECTIBLE]
CALLED = ["void", "approve", "retry", "delete", "updated", "force_collect"]
FROM_OUTSIDE = [*PAYMENTS, Trigger.PAYMENT_OVERDUE, *(Trigger(name) for name in CALLED)]
BOOKED = sorted(state for state in TABLE if "booking" in state and not state.endswith("failed"))
DUNNING = Dunning()
PASSED = [timedelta(), timedelta(minutes=31), timedelta(days=2), timedelta(days=31)]


@dataclass(frozen=True)
class Mood:
    """What an app answers and what the books refuse, until it changes."""

    app: FakeApp = field(default_factory=FakeApp)
    unbookable: str = ""


MOODS = st.builds(
    Mood,
    st.builds(
        FakeApp,
        refuses=st.sampled_from([set(), {"sync"}, {"finalize"}, {"delete"}]),
        waits=st.sampled_from([set(), {"sync"}, {"finalize"}]),
        payment=st.sampled_from([None, *map(Payment, PAYMENTS)]),
    ),
    st.sampled_from(["", *BOOKED]),
)


def after(first: Driven, then: Driven) -> Driven:
    """Both ways, one after the other."""
    return Driven(then.invoice, (*first.transitions, *then.transitions), (*first.bookings, *then.bookings))


class Lifecycle(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.mood = Mood()
        self.now = BEGUN
        self.steps: list[Transition] = []
        self.booked: list[Transaction] = []

    @initialize(
        auto=st.booleans(),
        period=st.sampled_from(["P0D", "P2D"]),
        method=st.sampled_from(CollectionMethod),
        issued=st.booleans(),
    )
    def bill(self, auto: bool, period: str, method: CollectionMethod, issued: bool) -> None:
        terms = {"auto_advance": auto or issued, "draft_period": Duration(period), "collection_method": method}
        self.invoice: Invoice = draft(profile=profile_with(**terms))
        if issued:
            self.now = at("2024-02-05")
            self.keep(self.ran())

    def keep(self, driven: Driven) -> None:
        self.invoice = driven.invoice
        self.steps += driven.transitions
        self.booked += driven.bookings

    def gone_on(self, driven: Driven) -> Driven:
        return drive(driven, self.mood.app, self.now, self.bookings)

    def bookings(self, invoice: Invoice, state: InvoiceState, now: datetime) -> Sequence[Transaction] | Refused:
        return (
            Refused("no", "the books say no")
            if state.value == self.mood.unbookable
            else bookings_of(invoice, state, now)
        )

    @rule(
        mood=MOODS, passed=st.sampled_from([timedelta(), timedelta(minutes=31), timedelta(days=2), timedelta(days=31)])
    )
    def a_run_comes(self, mood: Mood, passed: timedelta) -> None:
        self.mood, self.now = mood, self.now + passed
        ran = recorded(self.invoice, self.ran())
        if ran is not None:
            self.keep(ran)
        assert recorded(self.invoice, self.ran()) is None

    def ran(self) -> Driven:
        arrived = self.collected(waiting(self.invoice, self.now))
        taken_up = resumed(arrived.invoice, self.mood.app, self.now)
        return after(arrived, drive_by_rule(taken_up, self.mood.app, DUNNING, self.now, self.bookings))

    def collected(self, driven: Driven) -> Driven:
        if not is_collectable(driven.invoice, self.now):
            return driven
        quantities = {line.id: Decimal(7) for line in driven.invoice.lines}
        return collected(driven, quantities, self.now, self.now)

    @precondition(lambda self: bool(possible(self.invoice, FROM_OUTSIDE, self.now)))
    @rule(mood=MOODS, pick=st.integers(0, 1000))
    def what_is_possible_happens(self, mood: Mood, pick: int) -> None:
        self.mood = mood
        ways = possible(self.invoice, FROM_OUTSIDE, self.now)
        fired = Driven(self.invoice).must_fire(Trigger(ways[pick % len(ways)]), self.now)
        if fired.invoice.state is InvoiceState.DRAFT_UPDATING:
            emptied = replace(fired.invoice, issues=(), quantity_snapshotted_at=None)
            fired = replace(fired, invoice=emptied).must_fire(Trigger.NEXT, self.now)
        arrived = self.collected(fired)
        self.keep(after(arrived, self.gone_on(Driven(arrived.invoice))))

    @precondition(lambda self: self.invoice.state in {InvoiceState.DRAFT_SYNCING, InvoiceState.ISSUING_SYNCING})
    @rule(mood=MOODS)
    def the_app_confirms(self, mood: Mood) -> None:
        self.mood = mood
        is_draft = self.invoice.state is InvoiceState.DRAFT_SYNCING
        confirmed = {"draft_synced_at" if is_draft else "issuing_synced_at": self.now}
        self.keep(self.gone_on(Driven(replace(self.invoice, **confirmed))))  # type: ignore[arg-type] # one of its instants

    @precondition(lambda self: self.invoice.issued_at is None and self.invoice.quantity_snapshotted_at is not None)
    @rule(wrong=st.sampled_from([Decimal(0), Decimal(1)]))
    def the_sums_break_or_are_mended(self, wrong: Decimal) -> None:
        sums = sum((line.totals.amount for line in self.invoice.lines), start=Decimal(0))
        self.invoice = replace(self.invoice, totals=self.invoice.totals._replace(amount=sums + wrong))

    @invariant()
    def what_is_not_in_the_table_is_refused(self) -> None:
        for trigger in Trigger:
            fired = Driven(self.invoice).fired(trigger, self.now)
            assert (fired is not None) is permits(self.invoice, trigger, self.now)

    @invariant()
    def every_step_is_in_the_table(self) -> None:
        assert [step.number for step in self.steps] == list(range(1, self.invoice.step + 1))
        assert all(one.target is following.source for one, following in pairwise(self.steps))
        assert all(step.target.value in leads(step.source.value, step.trigger.value) for step in self.steps)
        asked = [step for step in self.steps if step.target is InvoiceState.PAYMENT_PENDING]
        assert self.invoice.payment_attempt == len(asked)

    @invariant()
    def what_is_shown_to_be_possible_is_what_the_table_permits(self) -> None:
        actions = available_actions(self.invoice.state, self.invoice.holding(self.now))
        for name, trigger in (("approve", "approve"), ("retry", "retry"), ("void", "void"), ("delete", "delete")):
            assert (name in actions) is permits(self.invoice, trigger, self.now)

    @invariant()
    def the_books_say_what_is_owed(self) -> None:
        assert len({one.key for one in self.booked}) == len(self.booked)
        entries = [entry for one in self.booked for entry in one.entries if entry.account is Account.RECEIVABLE]
        over = self.invoice.issued_at is None or self.invoice.state.value in {"paid", "voided", "uncollectible"}
        is_booked = self.invoice.state is InvoiceState.ISSUING_CHARGE_BOOKING_FAILED
        owed = Decimal(0) if over or is_booked else self.invoice.totals.total
        assert -sum(entry.amount for entry in entries) == owed


TestLifecycle = Lifecycle.TestCase
# without shrinking, which takes minutes here: the story that failed is told as it was found
TestLifecycle.settings = settings(
    max_examples=50, stateful_step_count=30, phases=(Phase.explicit, Phase.generate), report_multiple_bugs=False
)
