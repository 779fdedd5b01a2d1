from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from meterhouse.billing.app import Payment
from meterhouse.billing.drive import Driven, drive
from meterhouse.billing.dunning import Dunning
from meterhouse.billing.invoice import Invoice
from meterhouse.billing.lifecycle import drive_by_rule, has_moved, may_move, resumed, waits_until
from meterhouse.billing.profile import CollectionMethod
from meterhouse.billing.state import InvoiceState, Trigger
from meterhouse.kernel.duration import Duration
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
    after = drive_by_rule(Driven(before), FakeApp(payment=DECLINED), Dunning(), later).invoice
    assert after.state is before.state
    assert has_moved(before, after)
    assert not has_moved(before, replace(before, issues=()))


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


def test_what_the_app_voided_is_given_up_where_it_can_be_voided_no_more() -> None:
    overdue = drive_by_rule(Driven(unpaid(None)), FakeApp(), Dunning(), ISSUED + timedelta(days=31)).invoice
    app = FakeApp(last_word=Payment(Trigger.VOID))
    assert story(overdue, app, at("2024-06-01")) == [(60, "uncollectible")]


@pytest.mark.parametrize("state", [S.PAID, S.VOIDED, S.UNCOLLECTIBLE, S.PAYMENT_AUTHORIZED, S.DELETED])
def test_what_is_settled_or_given_up_or_promised_is_left_alone(state: InvoiceState) -> None:
    invoice = replace(unpaid(None), state=state)
    assert waits_until(invoice, FakeApp(), Dunning()) is None
    assert not may_move(invoice, FakeApp(), Dunning(), at("2030-01-01"))


def test_a_draft_waits_for_its_own_instants() -> None:
    waiting = replace(unpaid(None), state=S.DRAFT_WAITING_FOR_COLLECTION, due_at=None)
    assert waits_until(waiting, FakeApp(), Dunning()) == waiting.collection_at
    assert not may_move(waiting, FakeApp(), Dunning(), at("2024-01-01"))
    assert may_move(waiting, FakeApp(), Dunning(), at("2024-03-01"))
    approved = replace(waiting, state=S.DRAFT_WAITING_AUTO_APPROVAL, draft_until=at("2024-02-03"))
    assert waits_until(approved, FakeApp(), Dunning()) == at("2024-02-03")
    manual = replace(waiting, state=S.DRAFT_MANUAL_APPROVAL_NEEDED)
    assert not may_move(manual, FakeApp(), Dunning(), at("2030-01-01"))
    assert may_move(replace(waiting, state=S.ISSUING_FAILED), FakeApp(), Dunning(), ISSUED)
