from dataclasses import replace
from decimal import Decimal

import pytest

from meterhouse.billing.app import Payment
from meterhouse.billing.drive import Driven, drive
from meterhouse.billing.invoice import Issue, Severity
from meterhouse.billing.state import InvoiceState, Trigger
from meterhouse.kernel.duration import Duration
from meterhouse.kernel.errors import Conflict
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
        "issued",
        "payment_processing.pending",
        "paid",
    ]
    assert driven.invoice.issued_at == AS_OF
    assert driven.invoice.due_at == at("2024-03-02T02:00:00Z")
    assert [step.number for step in driven.transitions] == list(range(4, 12))


def test_an_app_that_does_not_know_yet_leaves_the_payment_pending() -> None:
    driven = drive(rated_draft(), FakeApp(), AS_OF)
    assert driven.invoice.state is InvoiceState.PAYMENT_PENDING
    later = drive(Driven(driven.invoice), FakeApp(payment=PAYS), AS_OF)
    assert targets(later) == ["paid"]


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
    broken = replace(good.invoice, totals=replace(good.invoice.totals, amount=Decimal(1)))
    driven = drive(Driven(broken), FakeApp(payment=PAYS), AS_OF)
    assert driven.invoice.state is InvoiceState.DRAFT_INVALID
    assert [issue.code for issue in driven.invoice.issues] == ["invoice_total_differs"]


def test_sums_that_break_after_validation_stop_the_issue_too() -> None:
    ready = drive(rated_draft(profile=profile_with(auto_advance=False)), FakeApp(), AS_OF)
    broken = replace(ready.invoice, totals=replace(ready.invoice.totals, amount=Decimal(1)))
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
