"""Whatever callers, runs, apps and the clock do to an invoice, on the real database: no step is beside the table."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from meterhouse.billing.app import Accepted, Payment
from meterhouse.billing.confirm_sync import ConfirmSync
from meterhouse.billing.drive_invoice import DriveInvoice
from meterhouse.billing.dunning import Dunning
from meterhouse.billing.invoice import Invoice
from meterhouse.billing.payment_report import PaymentReport, Recorded
from meterhouse.billing.record_payment import RecordPayment
from meterhouse.billing.service import shown
from meterhouse.billing.state import Trigger
from meterhouse.kernel.errors import Conflict
from meterhouse.platform.ids import new_id
from tests.integration.billing.conftest import Run
from tests.integration.billing.given import DISCARD, INVOICES, PROFILES, Api
from tests.unit.billing.samples import FakeApp, metered
from tests.unit.billing.worked_states import leads, permits, possible
from tests.unit.subscriptions.samples import at, fee

BEGUN = at("2024-02-01T00:30:00Z")
CALLS = {
    "approve": ("approve", None),
    "retry": ("retry", None),
    "void": ("void", DISCARD),
    "force_collect": ("snapshot-quantities", None),
}
"""By trigger, what a caller asks for."""
OUTCOMES = [
    Trigger.PAID,
    Trigger.AUTHORIZED,
    Trigger.FAILED,
    Trigger.ACTION_REQUIRED,
    Trigger.PAYMENT_OVERDUE,
    Trigger.PAYMENT_UNCOLLECTIBLE,
    Trigger.VOID,
]


def is_settled(invoice: Invoice) -> bool:
    """Whether nothing is owed for it: it was not issued, or that is over."""
    return invoice.issued_at is None or invoice.state.value in {"paid", "voided", "uncollectible"}


class Lifecycle(RuleBasedStateMachine):
    """One invoice: its subscription ends with its first month."""

    def __init__(self, new_run: Callable[[str], Run]) -> None:
        super().__init__()
        self.run = new_run(f"story-{new_id()}")
        self.app = self.run.app = FakeApp()
        self.api = Api(self.run)
        self.reports: list[PaymentReport] = []

    @initialize(auto=st.booleans(), period=st.sampled_from(["P0D", "P2D"]), charged=st.booleans(), issued=st.booleans())
    def bill(self, *, auto: bool, period: str, charged: bool, issued: bool) -> None:
        run, method = self.run, "charge_automatically" if charged else "send_invoice"
        run.now = BEGUN
        workflow = {"invoicing": {"autoAdvance": auto, "draftPeriod": period}, "payment": {"collectionMethod": method}}
        self.api.ok("POST", PROFILES, self.api.profile(default=True, workflow=workflow))
        customer = run.customer("ann")
        agreed = run.subscribe(customer, fee(), metered())
        run.change(replace(agreed, active_to=at("2024-02-01"), updated_at=run.now))
        run.used(customer, "2024-01-01", "7")
        run.sync(BEGUN)
        run.collect(BEGUN)
        if issued:
            run.now = BEGUN + timedelta(days=3)
            run.all(run.now)
            if not auto:
                self.api.ok("POST", f"{INVOICES}/{self.invoice.id}/approve")

    @property
    def invoice(self) -> Invoice:
        [invoice] = self.run.invoices()
        return invoice

    @rule(
        refuses=st.sets(st.sampled_from(["sync", "finalize", "delete"]), max_size=1),
        waits=st.sets(st.sampled_from(["sync", "finalize"]), max_size=1),
        payment=st.sampled_from([None, *map(Payment, OUTCOMES[:5])]),
    )
    def the_app_changes_its_mind(self, refuses: set[str], waits: set[str], payment: Payment | None) -> None:
        self.app.refuses, self.app.waits, self.app.payment = refuses, waits, payment

    @rule(passed=st.sampled_from([timedelta(minutes=31), timedelta(days=1), timedelta(days=4), timedelta(days=31)]))
    def time_passes(self, passed: timedelta) -> None:
        self.run.now += passed

    @rule()
    def a_run_comes_twice(self) -> None:
        self.run.all(self.run.now)
        before = self.run.everything()
        self.run.all(self.run.now)
        assert self.run.everything() == before

    @rule()
    def it_is_driven_alone(self) -> None:
        run = self.run
        DriveInvoice(run.begin, run.usage, run.apps, Dunning(), lambda: run.now)(run.namespace, self.invoice.id)

    @precondition(lambda self: bool(possible(self.invoice, CALLS, self.run.now)))
    @rule(choice=st.randoms(use_true_random=False))
    def somebody_asks_for_what_is_possible(self, choice: Any) -> None:
        self.somebody_asks(choice.choice(possible(self.invoice, CALLS, self.run.now)))

    @precondition(lambda self: bool(possible(self.invoice, OUTCOMES, self.run.now)))
    @rule(choice=st.randoms(use_true_random=False))
    def what_may_be_reported_is(self, choice: Any) -> None:
        self.the_payment_is_reported(Trigger(choice.choice(possible(self.invoice, OUTCOMES, self.run.now))), 0)

    @rule(trigger=st.sampled_from([*CALLS, "delete", "next"]))
    def somebody_asks(self, trigger: str) -> None:
        before, stored = self.invoice, self.run.everything()
        path = f"{INVOICES}/{before.id}"
        if trigger == "delete":
            status, answer = self.api("DELETE", path)
        elif trigger == "next":
            status, answer = self.api("POST", f"{path}/advance")
        else:
            action, body = CALLS[trigger]
            status, answer = self.api("POST", f"{path}/{action}", body)
        # what is voided is taken back at the app first
        is_refused = trigger == "void" and permits(before, trigger, self.run.now) and "delete" in self.app.refuses
        if trigger != "next":
            is_kept = trigger == "delete" and "delete" in self.app.refuses
            may = permits(before, trigger, self.run.now) and not is_refused and not is_kept
            assert (status < 300) is may, (status, answer)
        # what was to be deleted is, whoever asks that it be tried again; its app's refusal is saved, and told
        deletes = trigger == "delete" or before.state.value == "delete.failed"
        if status < 300 or (status == 400 and self.invoice.state.value == "delete.failed"):
            [taken] = [step for step in self.steps() if step["number"] == before.step + 1]
            assert taken["trigger"] == "delete" if deletes else trigger in {"next", taken["trigger"]}
        else:
            assert (status, answer["code"]) == (409, "refused" if is_refused else "invoice_state")
            assert self.run.everything() == stored

    @rule(outcome=st.sampled_from(OUTCOMES), minutes=st.integers(-2, 2))
    def the_payment_is_reported(self, outcome: Trigger, minutes: int) -> None:
        self.reports.append(PaymentReport(new_id(), outcome, self.run.now + timedelta(minutes=minutes)))
        self.report(self.reports[-1])

    @precondition(lambda self: bool(self.reports))
    @rule(choice=st.randoms(use_true_random=False))
    def a_report_comes_again(self, choice: Any) -> None:
        before = self.run.everything()
        report = choice.choice(self.reports)
        if self.report(report) is Recorded.REPEATED:
            assert self.run.everything() == before

    def report(self, report: PaymentReport) -> Recorded | None:
        before, stored = self.invoice, self.run.everything()
        try:
            done = RecordPayment(self.run.begin, self.run.apps, lambda: self.run.now)(
                self.run.namespace, before.id, report
            )
        except Conflict:
            assert before.state.status in {"draft", "issuing"}
            done = None
        if done is not Recorded.APPLIED:
            assert self.run.everything() == stored
        else:
            is_overdue = (before.state.value, report.outcome) == ("overdue", Trigger.VOID)
            assert is_overdue or permits(before, report.outcome.value, self.run.now)
        return done

    @rule(of=st.sampled_from(["draft", "issuing"]))
    def the_app_confirms(self, of: str) -> None:
        before = self.invoice
        confirm = ConfirmSync(self.run.begin, self.run.apps, lambda: self.run.now)
        try:
            (confirm.draft if of == "draft" else confirm.issuing)(self.run.namespace, before.id, Accepted())
        except Conflict:
            assert before.state.value != f"{of}.syncing"

    @invariant()
    def all_is_as_the_table_has_it(self) -> None:
        for invoice in self.run.invoices():
            steps = self.steps()
            assert [step["number"] for step in steps] == list(range(1, invoice.step + 1))
            assert all(one["target"] == following["source"] for one, following in pairwise(steps))
            assert all(step["target"] in leads(step["source"], step["trigger"]) for step in steps)
            asked = [step for step in steps if step["target"] == "payment_processing.pending"]
            assert invoice.payment_attempt == len(asked)
            actions = shown(invoice, self.run.now).actions
            for name in ("approve", "retry", "void", "delete"):
                assert (name in actions) is permits(invoice, name, self.run.now), (name, actions)
            assert self.owed() == (0 if is_settled(invoice) else invoice.totals.total), invoice.state

    def owed(self) -> Decimal:
        query = "SELECT coalesce(-sum(amount), 0) AS owed FROM ledger_entries WHERE namespace = %(namespace)s"
        [row] = self.run.rows(f"{query} AND account = 'customer_receivable'")
        owed: Decimal = row["owed"]
        return owed

    def steps(self) -> list[Any]:
        query = "SELECT * FROM invoice_transitions WHERE namespace = %(namespace)s ORDER BY invoice_id, number"
        return self.run.rows(query)


def test_no_story_of_an_invoice_leaves_the_table(new_run: Callable[[str], Run]) -> None:
    story = settings(max_examples=5, stateful_step_count=12)
    run_state_machine_as_test(lambda: Lifecycle(new_run), settings=story)  # type: ignore[arg-type] # a factory will do
