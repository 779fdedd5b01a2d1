from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from meterhouse.billing.app import Payment
from meterhouse.billing.drive import Driven, drive
from meterhouse.billing.dunning import Dunning
from meterhouse.billing.events import step_events
from meterhouse.billing.invoice import Invoice, Issue, Severity
from meterhouse.billing.lifecycle import drive_by_rule, may_move, recorded, resumed, waits_until
from meterhouse.billing.profile import CollectionMethod
from meterhouse.billing.state import InvoiceState, Trigger
from meterhouse.kernel.duration import Duration
from meterhouse.ledger.transaction import Kind
from tests.unit.billing.samples import FakeApp, profile_with, rated_draft
from tests.unit.subscriptions.samples import at

ISSUED = at("2024-02-01T02:00:00Z")
DECLINED = Payment(Trigger.FAILED, "card declined")
S = InvoiceState


def unpaid(payment: Payment | None, app: FakeApp | None = None, **workflow: object) -> Invoice:
    """An issued invoice, due in 30 days, whose first payment ended like this."""
    draft = rated_draft(profile=profile_with(**workflow))
    return drive(draft, replace(app or FakeApp(), payment=payment), ISSUED).invoice


def story(invoice: Invoice, app: FakeApp, until: datetime, dunning: Dunning | None = None) -> list[tuple[int, str]]:
    """Each step of hourly runs: the day after the issue, and the state."""
    told, now = [], ISSUED
    while now <= until:
        driven = drive_by_rule(resumed(invoice, app, now), app, dunning or Dunning(), now)
        told += [((now - ISSUED).days, step.target.value) for step in driven.transitions]
        invoice, now = driven.invoice, now + timedelta(hours=1)
    return told


def test_a_failed_payment_is_asked_for_again_and_then_given_up() -> None:
    app = FakeApp(payment=DECLINED)
    told = story(unpaid(DECLINED), app, at("2024-06-01"))
    asked = [day for day, state in told if state == "payment_processing.pending"]
    assert asked == [1, 4, 9, 16]
    assert told[-1] == (16, "uncollectible")


def test_every_attempt_has_a_number_of_its_own() -> None:
    asked: list[int] = []

    class Recording(FakeApp):
        def collect_payment(self, invoice: Invoice) -> Payment | None:
            asked.append(invoice.payment_attempt)
            return DECLINED

    app = Recording()
    story(drive(rated_draft(), app, ISSUED).invoice, app, at("2024-06-01"))
    assert asked == [1, 2, 3, 4, 5]


def test_a_retry_that_pays_ends_the_story() -> None:
    told = story(unpaid(DECLINED), FakeApp(payment=Payment(Trigger.PAID)), at("2024-06-01"))
    assert told[-1] == (1, "paid")
    assert len(told) == 3


@pytest.mark.parametrize(
    ("app", "workflow"),
    [(FakeApp(), {"collection_method": CollectionMethod.SEND_INVOICE}), (FakeApp(retries_payments=True), {})],
)
def test_who_pays_by_himself_or_is_asked_by_the_app_is_overdue_and_then_given_up(
    app: FakeApp, workflow: dict[str, object]
) -> None:
    for payment in (DECLINED, None, Payment(Trigger.ACTION_REQUIRED)):
        told = story(unpaid(payment, app, **workflow), app, at("2024-06-01"))
        assert told == [(30, "overdue"), (60, "uncollectible")]


def test_what_is_due_on_receipt_is_not_overdue_at_once() -> None:
    invoice = unpaid(None, due_after=Duration("P0D"))
    assert invoice.due_at == ISSUED
    assert drive_by_rule(Driven(invoice), FakeApp(), Dunning(), ISSUED) == Driven(invoice)
    overdue = replace(invoice, state=S.OVERDUE, due_at=ISSUED - timedelta(days=30))
    assert not may_move(overdue, FakeApp(), Dunning(), ISSUED)
    assert may_move(overdue, FakeApp(), Dunning(), ISSUED + timedelta(seconds=1))
    assert story(invoice, FakeApp(), at("2024-02-02"))[0] == (0, "overdue")


def test_without_retries_the_first_failure_is_the_last() -> None:
    told = story(unpaid(DECLINED), FakeApp(payment=DECLINED), at("2024-03-01"), Dunning(retry_after=()))
    assert told == [(0, "uncollectible")]


def test_a_retry_whose_end_is_unknown_is_overdue_in_the_same_run_if_it_is_due() -> None:
    late = ISSUED + timedelta(days=31)
    driven = drive_by_rule(Driven(unpaid(DECLINED)), FakeApp(), Dunning(), late)
    assert [step.target.value for step in driven.transitions] == ["payment_processing.pending", "overdue"]
    assert drive_by_rule(Driven(driven.invoice), FakeApp(), Dunning(), late).transitions == ()


def test_a_retry_by_hand_is_an_attempt_too() -> None:
    by_hand = Driven(unpaid(DECLINED)).must_fire(Trigger.RETRY, ISSUED)
    failed = drive(by_hand, FakeApp(payment=DECLINED), ISSUED).invoice
    assert failed.payment_attempt == 2
    assert waits_until(failed, FakeApp(), Dunning()) == ISSUED + timedelta(days=3)


def test_a_failed_retry_is_recorded_although_it_ended_where_it_began() -> None:
    before = unpaid(DECLINED)
    later = ISSUED + timedelta(days=2)
    attempted = drive_by_rule(Driven(before), FakeApp(payment=DECLINED), Dunning(), later)
    assert attempted.invoice.state is before.state
    assert recorded(before, attempted) == attempted
    assert recorded(before, Driven(before)) is None


def refusal(message: str) -> FakeApp:
    return FakeApp(issues=[Issue(Severity.CRITICAL, "refused", "app.fake", message)])


def test_of_an_attempt_that_fails_for_another_reason_the_reason_is_recorded_and_no_step() -> None:
    before = drive(rated_draft(), refusal("no address"), ISSUED).invoice
    later = ISSUED + timedelta(hours=1)
    again = recorded(before, drive_by_rule(resumed(before, FakeApp(), later), refusal("no address"), Dunning(), later))
    other = recorded(before, drive_by_rule(resumed(before, FakeApp(), later), refusal("no card"), Dunning(), later))
    assert again is None
    assert other is not None
    assert (other.transitions, other.invoice.step, other.invoice.state) == ((), before.step, S.DRAFT_INVALID)
    assert [(issue.message, issue.noticed_at) for issue in other.invoice.issues] == [("no card", later)]


def test_an_issue_that_is_found_again_was_noticed_when_it_was_found_first() -> None:
    first = drive(rated_draft(), refusal("no address"), ISSUED).invoice
    later = ISSUED + timedelta(hours=1)
    again = drive(Driven(first).must_fire(Trigger.RETRY, later), refusal("no address"), later).invoice
    assert again.step > first.step
    assert [issue.noticed_at for issue in again.issues] == [ISSUED]


@pytest.mark.parametrize(
    ("last_word", "expected"),
    [
        (Payment(Trigger.PAID), (30, "paid")),
        (Payment(Trigger.VOID), (30, "voided")),
        (Payment(Trigger.PAYMENT_UNCOLLECTIBLE), (30, "uncollectible")),
        (Payment(Trigger.FAILED), (60, "uncollectible")),
        (None, (60, "uncollectible")),
    ],
)
def test_no_step_is_taken_by_rule_before_the_app_has_said_its_last_word(
    last_word: Payment | None, expected: tuple[int, str]
) -> None:
    app = FakeApp(retries_payments=True, last_word=last_word)
    assert story(unpaid(DECLINED), app, at("2024-06-01"))[-1] == expected


def test_what_the_app_voided_while_it_was_overdue_is_voided_and_never_told_as_a_loss() -> None:
    overdue = drive_by_rule(Driven(unpaid(None)), FakeApp(), Dunning(), ISSUED + timedelta(days=31)).invoice
    app = FakeApp(last_word=Payment(Trigger.VOID), payment=DECLINED)
    assert story(overdue, app, at("2024-06-01")) == [(60, "payment_processing.pending"), (60, "voided")]
    driven = drive_by_rule(Driven(overdue), app, Dunning(), ISSUED + timedelta(days=61))
    assert [booked.kind for booked in driven.bookings] == [Kind.TAKEN_BACK]
    assert "uncollectible" not in {event.type.partition(".")[2] for event in step_events(driven)}


@pytest.mark.parametrize("state", [S.PAID, S.VOIDED, S.UNCOLLECTIBLE, S.PAYMENT_AUTHORIZED, S.DELETED])
def test_what_is_settled_or_given_up_or_promised_is_left_alone(state: InvoiceState) -> None:
    invoice = replace(unpaid(None), state=state)
    assert waits_until(invoice, FakeApp(), Dunning()) is None
    assert not may_move(invoice, FakeApp(), Dunning(), at("2030-01-01"))


def test_a_draft_waits_for_its_own_instants() -> None:
    waiting = replace(unpaid(None), state=S.DRAFT_WAITING_FOR_COLLECTION, due_at=None)
    assert waits_until(waiting, FakeApp(), Dunning()) == waiting.collection_at
    assert not may_move(waiting, FakeApp(), Dunning(), at("2024-01-01"))
    assert waiting.collection_at is not None
    assert may_move(waiting, FakeApp(), Dunning(), waiting.collection_at)
    assert may_move(waiting, FakeApp(), Dunning(), at("2024-03-01"))
    approved = replace(waiting, state=S.DRAFT_WAITING_AUTO_APPROVAL, draft_until=at("2024-02-03"))
    assert waits_until(approved, FakeApp(), Dunning()) == at("2024-02-03")
    assert not may_move(approved, FakeApp(), Dunning(), at("2024-02-02T23:59:59Z"))
    assert may_move(approved, FakeApp(), Dunning(), at("2024-02-03"))
    manual = replace(waiting, state=S.DRAFT_MANUAL_APPROVAL_NEEDED)
    assert not may_move(manual, FakeApp(), Dunning(), at("2030-01-01"))
    assert may_move(replace(waiting, state=S.ISSUING_FAILED), FakeApp(), Dunning(), ISSUED)
