"""Credit notes told to Stripe: money goes back once, less is collected once, whatever happens on the way."""

from contextlib import AbstractContextManager, nullcontext
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from localstack.stripe.payments import payment_of
from localstack.stripe.refunds import fail_refund, void_credit_note
from localstack.stripe.weather import Storm
from meterhouse.billing.credit_note import CreditNote, NoteState, Refund
from meterhouse.billing.credit_notes import CreditNoteService
from meterhouse.billing.crediting import NoteWanted
from meterhouse.billing.for_payments import PostgresAppUse
from meterhouse.billing.installed_app import AppStatus
from meterhouse.kernel.errors import Conflict, Unavailable
from meterhouse.payments.stripe_notes import NOTE
from tests.integration.payments.stripe_run import PAYS_LATER, UNTAXED, StripeRun, issued, state

PART, WHOLE = Decimal("12.34"), None
CALLS = [("GET", "/v1/invoices/.*"), ("GET", "/v1/{0}"), ("POST", "/v1/{0}")]


def service(shop: StripeRun) -> CreditNoteService:
    return CreditNoteService(shop.begin, shop.apps, lambda: shop.now)


def given(shop: StripeRun, amount: Decimal | None, refund: Refund) -> CreditNote:
    return service(shop).create(shop.namespace, shop.invoice().id, NoteWanted("outage", refund, amount))


def booked(shop: StripeRun) -> dict[str, Decimal]:
    rows = shop.rows(
        "SELECT account, sum(amount) AS total FROM ledger_entries WHERE namespace = %(namespace)s GROUP BY account"
    )
    return {row["account"]: row["total"] for row in rows if row["total"]}


def kept(shop: StripeRun, kind: str) -> list[int]:
    theirs = {row["id"] for row in shop.at_stripe()} | {
        row["payment"]["payment_intent"]
        for row in shop.double.account.of("invoice_payment").values()
        if row["invoice"] in {one["id"] for one in shop.at_stripe()}
    }
    return [
        row["amount"]
        for row in shop.double.account.of(kind).values()
        if row.get("invoice") in theirs or row.get("payment_intent") in theirs
    ]


@pytest.mark.parametrize(
    ("call", "kind"),
    [(0, "500"), (1, "429"), (2, "429"), (2, "500_kept"), (2, "500_after"), (2, "lost_after")],
)
def test_a_fault_at_any_call_leaves_a_note_that_is_told_again_and_money_goes_back_once(
    shop: StripeRun, call: int, kind: Any
) -> None:
    assert issued(shop, **UNTAXED) == "paid"
    before, (method, path) = booked(shop), CALLS[call]
    shop.double.weather.storms.append(Storm(kind, method, path.format("refunds")))
    note = given(shop, PART, Refund.PAYMENT)
    assert (note.state, booked(shop)) == (NoteState.PENDING, before)
    told = service(shop).retry(shop.namespace, note.id)
    assert told.state is NoteState.ISSUED
    assert service(shop).retry(shop.namespace, note.id) == told
    assert kept(shop, "refund") == [1234]
    assert booked(shop) == {name: amount + {"earnings": -PART, "wash": PART}[name] for name, amount in before.items()}


@pytest.mark.parametrize(("amount", "kind"), [(PART, "lost_after"), (WHOLE, "429")])
def test_less_is_collected_of_an_unpaid_invoice_once_stripe_knows_it(
    shop: StripeRun, amount: Decimal | None, kind: Any
) -> None:
    assert issued(shop, **PAYS_LATER, **UNTAXED) == "payment_processing.pending"
    shop.double.weather.storms.append(Storm(kind, "POST", "/v1/credit_notes"))
    note = given(shop, amount, Refund.NONE)
    assert (note.state, shop.invoice().credited.total) == (NoteState.PENDING, Decimal(0))
    told = service(shop).retry(shop.namespace, note.id)
    assert (told.state, kept(shop, "credit_note")) == (NoteState.ISSUED, [1234 if amount else 4350])
    for event in shop.events():
        shop.deliver(event)
    [theirs] = shop.at_stripe()
    assert (theirs["amount_remaining"], state(shop)) == (
        (3116, "payment_processing.pending") if amount else (0, "paid")
    )
    assert booked(shop).get("customer_receivable", Decimal(0)) == (PART - Decimal("43.50") if amount else 0)


def test_while_a_payment_is_under_way_the_note_waits_for_what_comes_of_it(shop: StripeRun) -> None:
    assert issued(shop, **PAYS_LATER, **UNTAXED) == "payment_processing.pending"
    [theirs] = shop.at_stripe()
    intent = payment_of(shop.double.account, theirs)
    before = intent["status"]
    intent["status"] = "processing"
    note = given(shop, PART, Refund.NONE)
    assert (note.state, kept(shop, "credit_note")) == (NoteState.PENDING, [])
    intent["status"] = before
    assert service(shop).retry(shop.namespace, note.id).state is NoteState.ISSUED
    assert kept(shop, "credit_note") == [1234]


def test_what_was_paid_meanwhile_or_outside_is_refused_and_frees_the_amount(shop: StripeRun) -> None:
    assert issued(shop, **PAYS_LATER, **UNTAXED) == "payment_processing.pending"
    [theirs] = shop.at_stripe()
    shop.client.v1.invoices.pay(theirs["id"], {"paid_out_of_band": True})
    note = given(shop, PART, Refund.NONE)
    assert (note.state, note.failure) == (
        NoteState.FAILED,
        "the invoice is paid at Stripe: nothing is due there",
    )
    for event in shop.events():
        shop.deliver(event)
    assert state(shop) == "paid"
    refused = given(shop, None, Refund.PAYMENT)
    assert (refused.state, refused.total) == (NoteState.FAILED, Decimal("43.50"))
    assert given(shop, None, Refund.NONE).state is NoteState.ISSUED


@pytest.mark.parametrize("step", [1, -1])
def test_a_refund_that_fails_days_later_fails_its_note_once_and_may_be_tried_again(shop: StripeRun, step: int) -> None:
    assert issued(shop, **UNTAXED) == "paid"
    before = booked(shop)
    note = given(shop, PART, Refund.PAYMENT)
    shop.events()
    fail_refund(shop.double.account, str(note.external_id))
    told = shop.events()[::step]
    said = [str(shop.deliver(event).message).rpartition(": ")[2] for event in told * 2]
    assert said == ["applied", *["repeated"] * 5]
    failed = service(shop).get(shop.namespace, note.id)
    assert (failed.state, failed.failure, booked(shop)) == (
        NoteState.FAILED,
        f"the refund {note.external_id} is failed at Stripe: expired_or_canceled_card",
        before,
    )
    kinds = shop.rows("SELECT type FROM outbox WHERE namespace = %(namespace)s AND type LIKE 'credit_note%%'")
    assert sorted(row["type"] for row in kinds) == ["credit_note.failed", "credit_note.issued", "credit_note.pending"]
    again = service(shop).retry(shop.namespace, note.id)
    assert (again.state, again.attempt, kept(shop, "refund")) == (NoteState.ISSUED, 2, [1234, 1234])
    assert booked(shop) == {name: amount + {"earnings": -PART, "wash": PART}[name] for name, amount in before.items()}
    assert str(shop.deliver(told[0]).message).endswith("stale")
    assert service(shop).get(shop.namespace, note.id) == again


def test_a_refund_of_an_earlier_attempt_that_a_later_one_found_good_fails_its_note_when_it_fails(
    shop: StripeRun,
) -> None:
    assert issued(shop, **UNTAXED) == "paid"
    before, intent = booked(shop), payment_of(shop.double.account, shop.at_stripe()[0])
    shop.double.weather.storms.append(Storm("lost_after", "POST", "/v1/refunds"))
    note = given(shop, PART, Refund.PAYMENT)
    intent["status"] = "canceled"
    assert service(shop).retry(shop.namespace, note.id).state is NoteState.FAILED
    intent["status"] = "succeeded"
    found = service(shop).retry(shop.namespace, note.id)
    assert (found.state, found.attempt, kept(shop, "refund")) == (NoteState.ISSUED, 2, [1234])
    shop.events()
    fail_refund(shop.double.account, str(found.external_id))
    said = [str(shop.deliver(event).message).rpartition(": ")[2] for event in shop.events()]
    assert said == ["applied", "repeated", "repeated"]
    assert (service(shop).get(shop.namespace, note.id).state, booked(shop)) == (NoteState.FAILED, before)
    again = service(shop).retry(shop.namespace, note.id)
    assert (again.state, kept(shop, "refund")) == (NoteState.ISSUED, [1234, 1234])


def test_money_that_went_back_before_the_key_was_revoked_goes_back_once(shop: StripeRun) -> None:
    assert issued(shop, **UNTAXED) == "paid"
    shop.double.weather.storms.append(Storm("lost_after", "POST", "/v1/refunds"))
    note = given(shop, PART, Refund.PAYMENT)
    with shop.revoked():
        with pytest.raises(Unavailable, match="does not let us in"):
            service(shop).retry(shop.namespace, note.id)
        shop.now += timedelta(days=1)
        shop.advance()
    held = service(shop).get(shop.namespace, note.id)
    assert (held.state, held.attempt, shop.app_status()) == (NoteState.PENDING, 1, AppStatus.UNAUTHORIZED)
    rest = given(shop, WHOLE, Refund.PAYMENT)
    assert rest.total == Decimal("43.50") - PART, "what may have gone back is nobody else's"
    assert service(shop).retry(shop.namespace, note.id).state is NoteState.ISSUED
    assert sorted(kept(shop, "refund")) == [1234, 3116]


@pytest.mark.parametrize("is_paid", [True, False])
def test_a_key_that_may_read_and_not_give_back_fails_the_note_and_frees_its_amount(
    shop: StripeRun, is_paid: bool
) -> None:
    """What was read has none of ours, and nothing was made: that is certain."""
    issued(shop, **UNTAXED, **({} if is_paid else PAYS_LATER))
    kind, refund = ("refund", Refund.PAYMENT) if is_paid else ("credit_note", Refund.NONE)
    shop.double.weather.storms.append(Storm("403", "POST", f"/v1/{kind}s"))
    note = given(shop, WHOLE, refund)
    assert (note.state, note.tell_at, kept(shop, kind)) == (NoteState.FAILED, None, [])
    assert "does not have the required permissions" in str(note.failure)
    part = given(shop, PART, refund)
    assert (part.state, kept(shop, kind)) == (NoteState.ISSUED, [1234])


def looked_away(shop: StripeRun, kind: str) -> AbstractContextManager[None]:
    """While the key is not taken, or may not look at refunds."""
    if kind == "401":
        return shop.revoked()
    shop.double.weather.storms.append(Storm("403", "GET", "/v1/refunds", times=3))
    return nullcontext()


@pytest.mark.parametrize("kind", ["401", "403"])
def test_a_note_of_which_the_key_lets_nobody_look_may_be_voided_and_is_told_never_again(
    shop: StripeRun, kind: str
) -> None:
    assert issued(shop, **UNTAXED) == "paid"
    before = booked(shop)
    with looked_away(shop, kind):
        note = given(shop, WHOLE, Refund.PAYMENT)
        with pytest.raises(Unavailable, match="does not let us in"):
            service(shop).retry(shop.namespace, note.id)
        assert service(shop).get(shop.namespace, note.id).state is NoteState.PENDING
        voided = service(shop).void(shop.namespace, note.id)
        assert service(shop).void(shop.namespace, note.id) == voided
    assert (voided.state, voided.tell_at, booked(shop)) == (NoteState.VOIDED, None, before)
    shop.now += timedelta(days=2)
    shop.advance()
    assert service(shop).retry(shop.namespace, note.id) == voided
    assert kept(shop, "refund") == []
    by_bank = given(shop, WHOLE, Refund.NONE)
    assert (by_bank.state, by_bank.total) == (NoteState.ISSUED, note.total)
    kinds = shop.rows("SELECT type FROM outbox WHERE namespace = %(namespace)s AND type LIKE 'credit_note%%'")
    assert sorted(row["type"] for row in kinds) == ["credit_note.issued", "credit_note.pending", "credit_note.voided"]


@pytest.mark.parametrize("is_paid", [True, False])
def test_a_pending_note_is_voided_where_stripe_says_that_it_did_nothing_and_not_where_it_did(
    shop: StripeRun, is_paid: bool
) -> None:
    issued(shop, **UNTAXED, **({} if is_paid else PAYS_LATER))
    kind, refund = ("refund", Refund.PAYMENT) if is_paid else ("credit_note", Refund.NONE)
    shop.double.weather.storms.append(Storm("429", "POST", f"/v1/{kind}s"))
    idle = given(shop, PART, refund)
    shop.double.weather.storms.append(Storm("500", "GET", f"/v1/{kind}s"))
    with pytest.raises(Unavailable):
        service(shop).void(shop.namespace, idle.id)
    assert service(shop).get(shop.namespace, idle.id).state is NoteState.PENDING
    assert service(shop).void(shop.namespace, idle.id).state is NoteState.VOIDED
    shop.double.weather.storms.append(Storm("lost_after", "POST", f"/v1/{kind}s"))
    done = given(shop, PART, refund)
    with pytest.raises(Conflict, match="retry") as refused:
        service(shop).void(shop.namespace, done.id)
    assert refused.value.code == "credit_note_used"
    assert service(shop).retry(shop.namespace, done.id).state is NoteState.ISSUED
    assert kept(shop, kind) == [1234]


def test_an_app_is_not_uninstalled_while_it_may_have_given_money_back(shop: StripeRun) -> None:
    assert issued(shop, **UNTAXED) == "paid"
    shop.double.weather.storms.append(Storm("lost_after", "POST", "/v1/refunds"))
    note = given(shop, PART, Refund.PAYMENT)

    def is_used() -> bool:
        """By anything but profiles."""
        with shop.database.transaction(shop.namespace) as transaction:
            gone = "UPDATE billing_profiles SET deleted_at = now() WHERE namespace = %(namespace)s"
            transaction.execute(gone)
            return PostgresAppUse(transaction).is_used(shop.installed.id)

    assert is_used()
    service(shop).retry(shop.namespace, note.id)
    assert not is_used()


def test_a_failed_note_whose_amount_others_took_is_not_tried_again(shop: StripeRun) -> None:
    assert issued(shop, **UNTAXED) == "paid"
    note = given(shop, PART, Refund.PAYMENT)
    fail_refund(shop.double.account, str(note.external_id))
    for event in shop.events():
        shop.deliver(event)
    given(shop, WHOLE, Refund.NONE)
    with pytest.raises(Conflict) as refused:
        service(shop).retry(shop.namespace, note.id)
    assert (refused.value.code, kept(shop, "refund")) == ("nothing_left", [1234])


def test_runs_tell_a_pending_note_again_and_later_each_time(shop: StripeRun) -> None:
    assert issued(shop, **UNTAXED) == "paid"
    shop.double.weather.storms += [Storm("429", "POST", "/v1/refunds") for _ in range(2)]
    note = given(shop, PART, Refund.PAYMENT)
    found = []
    for minutes in (19, 1, 39, 1):
        shop.now += timedelta(minutes=minutes)
        shop.advance()
        one = service(shop).get(shop.namespace, note.id)
        found.append((one.state.value, one.tellings))
    assert found == [("pending", 1), ("pending", 2), ("pending", 2), ("issued", 2)]
    assert (kept(shop, "refund"), one.tell_at) == ([1234], None)


@pytest.mark.parametrize(
    ("kind", "state_of_note", "losses"), [("lost_after", "issued", "-31.16"), ("429", "failed", "-43.50")]
)
def test_a_note_of_what_nobody_pays_any_more_comes_to_its_end(
    shop: StripeRun, kind: Any, state_of_note: str, losses: str
) -> None:
    assert issued(shop, **PAYS_LATER, **UNTAXED) == "payment_processing.pending"
    shop.double.weather.storms.append(Storm(kind, "POST", "/v1/credit_notes"))
    note = given(shop, PART, Refund.NONE)
    [theirs] = shop.at_stripe()
    shop.client.v1.invoices.mark_uncollectible(theirs["id"])
    for event in shop.events():
        shop.deliver(event)
    shop.now += timedelta(hours=1)
    shop.advance()
    told = service(shop).get(shop.namespace, note.id)
    assert (state(shop), told.state.value) == ("uncollectible", state_of_note)
    assert booked(shop) == {"losses": Decimal(losses), "earnings": -Decimal(losses)}


def test_a_credit_note_voided_at_stripe_makes_nothing_less_due_until_it_is_tried_again(shop: StripeRun) -> None:
    assert issued(shop, **PAYS_LATER, **UNTAXED) == "payment_processing.pending"
    shop.double.weather.storms.append(Storm("lost_after", "POST", "/v1/credit_notes"))
    note = given(shop, PART, Refund.NONE)
    [made] = [row for row in shop.double.account.of("credit_note").values() if row["metadata"].get(NOTE) == note.id]
    void_credit_note(shop.double.account, made["id"])
    failed = service(shop).retry(shop.namespace, note.id)
    assert (failed.state, failed.failure) == (NoteState.FAILED, f"the credit note {made['id']} was voided at Stripe")
    assert (shop.invoice().credited.total, shop.at_stripe()[0]["amount_remaining"]) == (Decimal(0), 4350)
    again = service(shop).retry(shop.namespace, note.id)
    assert (again.state, again.external_id == made["id"]) == (NoteState.ISSUED, False)
    assert (shop.invoice().credited.total, shop.at_stripe()[0]["amount_remaining"]) == (PART, 3116)
