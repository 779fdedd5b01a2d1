from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal

import pytest

from meterhouse.billing.app import Payment, Refused
from meterhouse.billing.drive import Driven, drive
from meterhouse.billing.invoice import Invoice, Issue, Severity
from meterhouse.billing.state import InvoiceState, Trigger
from meterhouse.kernel.duration import Duration
from meterhouse.kernel.errors import Conflict
from meterhouse.ledger.account import Account, Route
from meterhouse.ledger.transaction import Entry, Kind, Transaction
from tests.unit.billing.samples import FakeApp, profile_with, rated_draft
from tests.unit.subscriptions.samples import at

AS_OF = at("2024-02-01T02:00:00Z")
PAYS = Payment(Trigger.PAID)


def targets(driven: Driven) -> list[str]:
    return [step.target.value for step in driven.transitions]


def test_a_rated_draft_goes_all_the_way_to_paid() -> None:
    driven = drive(Driven(rated_draft().invoice), FakeApp(payment=PAYS), AS_OF)
    assert targets(driven) == [
        "draft.syncing",
        "draft.waiting_auto_approval",
        "draft.ready_to_issue",
        "issuing.line_finalization",
        "issuing.syncing",
        "issuing.charge_booking",
        "issued",
        "payment_processing.pending",
        "payment_processing.booking_authorized_and_settled",
        "paid",
    ]
    assert driven.invoice.issued_at == AS_OF
    assert driven.invoice.due_at == at("2024-03-02T02:00:00Z")
    assert [step.number for step in driven.transitions] == list(range(4, 14))


def test_an_app_that_does_not_know_yet_leaves_the_payment_pending() -> None:
    driven = drive(rated_draft(), FakeApp(), AS_OF)
    assert driven.invoice.state is InvoiceState.PAYMENT_PENDING
    later = drive(Driven(driven.invoice), FakeApp(payment=PAYS), AS_OF)
    assert targets(later) == ["payment_processing.booking_authorized_and_settled", "paid"]


@pytest.mark.parametrize(
    ("refused", "state"),
    [("sync", InvoiceState.DRAFT_SYNC_FAILED), ("finalize", InvoiceState.ISSUING_FAILED)],
)
def test_a_refusal_is_a_state_and_a_retry_goes_on_from_there(refused: str, state: InvoiceState) -> None:
    stopped = drive(rated_draft(), FakeApp({refused}), AS_OF)
    assert stopped.invoice.state is state
    assert [issue.message for issue in stopped.invoice.issues] == [f"no {refused} today"]
    assert stopped.transitions[-1].reason == f"no {refused} today"
    again = drive(Driven(stopped.invoice).must_fire(Trigger.RETRY, AS_OF), FakeApp(payment=PAYS), AS_OF)
    assert again.invoice.state is InvoiceState.PAID
    assert again.invoice.issues == ()


@pytest.mark.parametrize(
    ("awaited", "state", "confirmed"),
    [
        ("sync", InvoiceState.DRAFT_SYNCING, "draft_synced_at"),
        ("finalize", InvoiceState.ISSUING_SYNCING, "issuing_synced_at"),
    ],
)
def test_an_app_that_is_waited_for_holds_the_invoice_until_it_confirms(
    awaited: str, state: InvoiceState, confirmed: str
) -> None:
    app = FakeApp(waits={awaited}, payment=PAYS)
    waiting = drive(rated_draft(), app, AS_OF)
    assert waiting.invoice.state is state
    assert drive(waiting, app, at("2025-01-01")) == waiting
    done = drive(replace(waiting, invoice=replace(waiting.invoice, **{confirmed: AS_OF})), app, AS_OF)  # type: ignore[arg-type] # one of its instants
    assert done.invoice.state is InvoiceState.PAID


def test_what_was_confirmed_of_a_draft_is_asked_again_after_it_changed() -> None:
    app = FakeApp(refuses={"finalize"})
    failed = drive(rated_draft(profile=profile_with(auto_advance=False)), app, AS_OF)
    assert failed.invoice.draft_synced_at == AS_OF
    again = failed.must_fire(Trigger.UPDATED, AS_OF).must_fire(Trigger.NEXT, AS_OF).must_fire(Trigger.NEXT, AS_OF)
    waiting = drive(again.must_fire(Trigger.NEXT, AS_OF), FakeApp(waits={"sync"}), AS_OF)
    assert waiting.invoice.state is InvoiceState.DRAFT_SYNCING
    assert waiting.invoice.draft_synced_at is None


@pytest.mark.parametrize(
    ("payment", "refused", "failed", "after"),
    [
        (PAYS, "issuing.charge_booking", "issuing.charge_booking_failed", "paid"),
        (
            PAYS,
            "payment_processing.booking_authorized_and_settled",
            "payment_processing.booking_authorized_and_settled_failed",
            "paid",
        ),
        (
            Payment(Trigger.AUTHORIZED),
            "payment_processing.booking_authorized",
            "payment_processing.booking_authorized_failed",
            "payment_processing.authorized",
        ),
    ],
)
def test_what_the_books_refuse_is_a_state_and_a_retry_goes_on_from_there(
    payment: Payment, refused: str, failed: str, after: str
) -> None:
    def refusing(_invoice: Invoice, state: InvoiceState, _at: datetime) -> Sequence[Transaction] | Refused:
        return Refused("unbalanced", "the books say no") if state.value == refused else ()

    stopped = drive(rated_draft(), FakeApp(payment=payment), AS_OF, refusing)
    assert stopped.invoice.state.value == failed
    assert [(issue.code, issue.component) for issue in stopped.invoice.issues] == [("unbalanced", "ledger")]
    again = drive(stopped.must_fire(Trigger.RETRY, AS_OF), FakeApp(payment=payment), AS_OF, booking)
    assert again.invoice.state.value == after
    assert again.invoice.issues == ()
    assert f"{refused}/{again.invoice.id}" in {one.key for one in again.bookings}


def booking(invoice: Invoice, state: InvoiceState, at: datetime) -> Sequence[Transaction]:
    """The invoice's total on two accounts, under a key of the state."""
    route = Route(invoice.currency)
    entries = (
        Entry(Account.RECEIVABLE, route, invoice.totals.total),
        Entry(Account.WASH, route, -invoice.totals.total),
    )
    return [Transaction(f"{state.value}/{invoice.id}", Kind.FUNDED, invoice.customer_id, at, at, entries)]


def test_every_booking_of_the_way_is_kept_for_the_books() -> None:
    driven = drive(rated_draft(), FakeApp(payment=PAYS), AS_OF, booking)
    assert [one.key.partition("/")[0] for one in driven.bookings] == [
        "issuing.charge_booking",
        "payment_processing.booking_authorized_and_settled",
    ]


def test_an_issue_of_the_app_makes_the_draft_invalid_and_a_warning_does_not() -> None:
    issue = Issue(Severity.CRITICAL, "no_address", "app.fake", "the customer has no address")
    invalid = drive(rated_draft(), FakeApp(issues=[issue]), AS_OF)
    assert invalid.invoice.state is InvoiceState.DRAFT_INVALID
    warned = drive(rated_draft(), FakeApp(issues=[replace(issue, severity=Severity.WARNING)], payment=PAYS), AS_OF)
    assert warned.invoice.state is InvoiceState.PAID


def test_without_auto_advance_somebody_has_to_approve() -> None:
    manual = rated_draft(profile=profile_with(auto_advance=False))
    waiting = drive(manual, FakeApp(payment=PAYS), AS_OF)
    assert waiting.invoice.state is InvoiceState.DRAFT_MANUAL_APPROVAL_NEEDED
    approved = drive(waiting.must_fire(Trigger.APPROVE, AS_OF), FakeApp(payment=PAYS), AS_OF)
    assert approved.invoice.state is InvoiceState.PAID


def test_a_draft_period_keeps_the_draft_until_it_is_over() -> None:
    slow = rated_draft(profile=profile_with(draft_period=Duration("P1D")))
    waiting = drive(slow, FakeApp(payment=PAYS), AS_OF)
    assert waiting.invoice.state is InvoiceState.DRAFT_WAITING_AUTO_APPROVAL
    assert waiting.invoice.draft_until == at("2024-02-02T01:00:00Z")
    assert drive(waiting, FakeApp(payment=PAYS), at("2024-02-02T01:00:00Z")).invoice.state is InvoiceState.PAID


def test_an_invoice_whose_sums_do_not_agree_is_never_issued() -> None:
    good = rated_draft()
    broken = replace(good.invoice, totals=good.invoice.totals._replace(amount=Decimal(1)))
    driven = drive(Driven(broken), FakeApp(payment=PAYS), AS_OF)
    assert driven.invoice.state is InvoiceState.DRAFT_INVALID
    assert [issue.code for issue in driven.invoice.issues] == ["invoice_total_differs"]


def test_sums_that_break_after_validation_stop_the_issue_too() -> None:
    ready = drive(rated_draft(profile=profile_with(auto_advance=False)), FakeApp(), AS_OF)
    broken = replace(ready.invoice, totals=ready.invoice.totals._replace(amount=Decimal(1)))
    approved = Driven(broken).must_fire(Trigger.APPROVE, AS_OF)
    assert drive(approved, FakeApp(), AS_OF).invoice.state is InvoiceState.ISSUING_LINE_FINALIZATION_FAILED


def test_driving_twice_is_driving_once() -> None:
    once = drive(rated_draft(), FakeApp(payment=Payment(Trigger.FAILED, "card declined")), AS_OF)
    assert once.invoice.state is InvoiceState.PAYMENT_FAILED
    assert drive(once, FakeApp(payment=PAYS), AS_OF) == once


def test_a_trigger_out_of_place_is_a_conflict() -> None:
    paid = drive(rated_draft(), FakeApp(payment=PAYS), AS_OF)
    with pytest.raises(Conflict) as refused:
        paid.must_fire(Trigger.VOID, AS_OF)
    assert refused.value.code == "invoice_state"


def test_deleting_a_draft_deletes_it_at_the_app_too() -> None:
    asked = rated_draft().must_fire(Trigger.DELETE, AS_OF)
    failed = drive(asked, FakeApp({"delete"}), AS_OF)
    assert failed.invoice.state is InvoiceState.DELETE_FAILED
    deleted = drive(failed.must_fire(Trigger.DELETE, AS_OF), FakeApp(), AS_OF)
    assert deleted.invoice.state is InvoiceState.DELETED
    assert deleted.invoice.deleted_at == AS_OF
