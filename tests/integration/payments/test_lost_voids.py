"""Voids at Stripe whose answer is lost, or that find the invoice overdue: lines end as was wished, books at nothing."""

from collections.abc import Callable
from datetime import timedelta

import pytest
import stripe

from localstack.stripe.weather import Storm
from meterhouse.billing.act_on_invoice import InvoiceActions
from meterhouse.billing.invoice import Invoice
from meterhouse.billing.payment_report import PaymentReport
from meterhouse.billing.record_payment import RecordPayment
from meterhouse.billing.state import Trigger
from meterhouse.billing.void import Again, Voiding
from meterhouse.catalog.known_features import KnownFeatures
from meterhouse.kernel.errors import Conflict, Unavailable
from meterhouse.payments.customer_data import StripeCustomer
from meterhouse.payments.stripe_drafts import StripeDrafts
from meterhouse.subscriptions.patch import AddItem, Moment
from meterhouse.subscriptions.patching import patched
from tests.integration.billing.given import INVOICES, Api
from tests.integration.billing.test_voids import EDITED
from tests.integration.payments.stripe_run import PAYS_LATER, UNTAXED, StripeRun, issued, state
from tests.unit.subscriptions.samples import at, fee

LATER = at("2024-09-01")
PENDING = {"action": {"percentage": 100, "action": {"type": "pending"}}, "reason": "mistake"}
DUE, GIVEN_UP = at("2024-07-15"), at("2024-09-15")


def open_invoice(shop: StripeRun) -> None:
    assert issued(shop, None, **PAYS_LATER, **UNTAXED) == "payment_processing.pending"
    shop.events()


def answers_are_lost(shop: StripeRun) -> None:
    """Stripe voids, and nobody hears that it did."""
    shop.double.weather.storms.append(Storm("lost_after", "POST", "/v1/invoices/.*/void", times=9))


def void(shop: StripeRun, voiding: Voiding) -> None:
    actions = InvoiceActions(shop.begin, shop.usage, shop.apps, lambda: shop.now)
    actions.void(shop.namespace, shop.invoice().id, voiding)


def told(shop: StripeRun) -> str:
    [event] = [one for one in shop.events() if one["type"] == "invoice.voided"]
    return shop.deliver(event).message


def reopened(shop: StripeRun) -> list[str]:
    """When the lines of the voided invoice are billed again."""
    return sorted(f"{line.invoice_at:%Y-%m-%d}" for line in shop.pending() if line.revision)


def by_event(shop: StripeRun) -> None:
    assert told(shop) == "void: applied"


def by_the_daily_look(shop: StripeRun) -> None:
    shop.now = DUE
    shop.advance(shop.now)


def by_the_call_again(shop: StripeRun) -> None:
    shop.double.weather.storms.clear()
    void(shop, Voiding("mistake", Again(), {}))


@pytest.mark.parametrize("learnt", [by_event, by_the_daily_look, by_the_call_again])
def test_lines_of_a_void_whose_answer_was_lost_are_billed_again_as_was_wished(
    shop: StripeRun, learnt: Callable[[StripeRun], None]
) -> None:
    open_invoice(shop)
    lines = shop.invoice().lines
    answers_are_lost(shop)
    with pytest.raises(Unavailable):
        void(shop, Voiding("mistake", Again(), {}))
    assert state(shop) == "payment_processing.pending"
    learnt(shop)
    assert state(shop) == "voided"
    assert reopened(shop) == sorted(f"{line.invoice_at:%Y-%m-%d}" for line in lines)


def test_each_line_ends_as_it_was_wished_for(shop: StripeRun) -> None:
    open_invoice(shop)
    first, *_ = shop.invoice().lines
    answers_are_lost(shop)
    with pytest.raises(Unavailable):
        void(shop, Voiding("mistake", Again(LATER), {first.id: None}))
    by_event(shop)
    assert reopened(shop) == ["2024-09-01"] * (len(shop.invoice().lines) - 1)
    [step] = shop.rows("SELECT reason FROM invoice_transitions WHERE namespace = %(namespace)s AND target = 'voided'")
    assert step["reason"] == "mistake"


def test_the_wish_outlasts_the_transaction_of_an_idempotency_key(shop: StripeRun) -> None:
    open_invoice(shop)
    answers_are_lost(shop)
    status, _ = Api(shop)("POST", f"{INVOICES}/{shop.invoice().id}/void", PENDING, key="once")
    assert (status, state(shop)) == (503, "payment_processing.pending")
    by_event(shop)
    assert len(reopened(shop)) == len(shop.invoice().lines)


@pytest.mark.parametrize("key", [None, "once"])
def test_a_void_that_stripe_refuses_leaves_no_wish(shop: StripeRun, key: str | None) -> None:
    open_invoice(shop)
    shop.client.v1.invoices.pay(str(shop.invoice().external_id), {"paid_out_of_band": True})
    status, answer = Api(shop)("POST", f"{INVOICES}/{shop.invoice().id}/void", PENDING, key=key)
    assert (status, answer["code"]) == (409, "stripe_invoice_paid")
    assert shop.rows("SELECT 1 FROM invoice_voidings WHERE namespace = %(namespace)s") == []


def post_void(shop: StripeRun, key: str | None) -> int:
    status, _ = Api(shop)("POST", f"{INVOICES}/{shop.invoice().id}/void", PENDING, key=key)
    return status


@pytest.mark.parametrize("key", [None, "once"])
def test_a_repeat_that_stripe_refuses_keeps_the_wish_of_the_void_it_did(shop: StripeRun, key: str | None) -> None:
    open_invoice(shop)
    answers_are_lost(shop)
    assert post_void(shop, key) == 503
    shop.double.weather.storms[:] = [Storm("403", "GET", "/v1/invoices.*", times=9)]
    assert post_void(shop, key) == 409
    shop.double.weather.storms.clear()
    by_event(shop)
    assert len(reopened(shop)) == len(shop.invoice().lines)


@pytest.mark.parametrize("key", [None, "once"])
def test_a_repeat_that_stripe_refuses_ends_the_wish_where_its_copy_is_open(shop: StripeRun, key: str | None) -> None:
    open_invoice(shop)
    shop.double.weather.storms.append(Storm("lost_before", "POST", "/v1/invoices/.*/void"))
    assert post_void(shop, key) == 503
    shop.double.weather.storms[:] = [Storm("403", "POST", "/v1/invoices/.*/void")]
    assert post_void(shop, key) == 409
    shop.client.v1.invoices.void_invoice(str(shop.invoice().external_id))
    by_event(shop)
    assert reopened(shop) == []


def test_a_void_that_an_earlier_call_did_meanwhile_is_done(shop: StripeRun, monkeypatch: pytest.MonkeyPatch) -> None:
    open_invoice(shop)
    find = StripeDrafts.find

    def outrun(drafts: StripeDrafts, invoice: Invoice, customer: StripeCustomer | None) -> stripe.Invoice | None:
        found = find(drafts, invoice, customer)
        shop.client.v1.invoices.void_invoice(str(invoice.external_id))
        return found

    monkeypatch.setattr(StripeDrafts, "find", outrun)
    void(shop, Voiding("mistake", Again(), {}))
    assert (state(shop), len(reopened(shop))) == ("voided", len(shop.invoice().lines))


def test_a_void_that_is_not_possible_is_not_asked_of_stripe(shop: StripeRun) -> None:
    open_invoice(shop)
    shop.now = DUE
    shop.advance(shop.now)
    with pytest.raises(Conflict):
        void(shop, Voiding("mistake", Again(), {}))
    assert [row["status"] for row in shop.at_stripe()] == ["open"]


def test_what_stripe_voids_by_another_hand_is_never_billed_again(shop: StripeRun) -> None:
    open_invoice(shop)
    shop.client.v1.invoices.void_invoice(str(shop.invoice().external_id))
    by_event(shop)
    assert reopened(shop) == []


def overdue_and_void_at_stripe(shop: StripeRun) -> None:
    open_invoice(shop)
    shop.now = DUE
    shop.advance(shop.now)
    assert state(shop) == "overdue"
    shop.client.v1.invoices.void_invoice(str(shop.invoice().external_id))


def given_up_by_rule(shop: StripeRun) -> None:
    shop.now = GIVEN_UP
    shop.advance(shop.now)


@pytest.mark.parametrize("learnt", [by_event, given_up_by_rule])
def test_what_stripe_voids_while_it_is_overdue_is_taken_back_and_no_loss(
    shop: StripeRun, learnt: Callable[[StripeRun], None]
) -> None:
    overdue_and_void_at_stripe(shop)
    learnt(shop)
    assert state(shop) == "voided"
    kinds = shop.rows("SELECT kind FROM ledger_transactions WHERE namespace = %(namespace)s ORDER BY booked_at, kind")
    assert sorted(row["kind"] for row in kinds) == ["invoiced", "recognised", "taken_back"]
    events = shop.rows("SELECT type FROM outbox WHERE namespace = %(namespace)s")
    assert "invoice.uncollectible" not in {row["type"] for row in events}
    balances = shop.rows(
        "SELECT account, sum(amount) AS balance FROM ledger_entries WHERE namespace = %(namespace)s GROUP BY 1"
    )
    assert {row["balance"] for row in balances} == {0}


def test_what_a_caller_wished_holds_for_what_became_overdue_meanwhile(shop: StripeRun) -> None:
    open_invoice(shop)
    answers_are_lost(shop)
    with pytest.raises(Unavailable):
        void(shop, Voiding("mistake", Again(), {}))
    overdue = PaymentReport("told late", Trigger.PAYMENT_OVERDUE, shop.now)
    RecordPayment(shop.begin, shop.apps, lambda: shop.now)(shop.namespace, shop.invoice().id, overdue)
    assert state(shop) == "overdue"
    by_event(shop)
    assert (state(shop), len(reopened(shop))) == ("voided", len(shop.invoice().lines))


@pytest.mark.parametrize("learnt", [by_event, given_up_by_rule])
def test_what_a_caller_wished_in_vain_is_no_word_on_a_void_of_weeks_later(
    shop: StripeRun, learnt: Callable[[StripeRun], None]
) -> None:
    open_invoice(shop)
    shop.double.weather.storms.append(Storm("lost_before", "POST", "/v1/invoices/.*/void", times=9))
    with pytest.raises(Unavailable):
        void(shop, Voiding("mistake", Again(), {}))
    shop.double.weather.storms.clear()
    shop.now = DUE
    shop.advance(shop.now)
    assert state(shop) == "overdue"
    shop.client.v1.invoices.void_invoice(str(shop.invoice().external_id))
    learnt(shop)
    assert (state(shop), reopened(shop)) == ("voided", [])


@pytest.mark.parametrize("learnt", [by_event, by_the_daily_look])
def test_the_word_of_stripe_holds_though_the_difference_was_charged_meanwhile(
    shop: StripeRun, learnt: Callable[[StripeRun], None]
) -> None:
    shop.now = at("2024-04-01T02:00:00Z")
    agreed = shop.subscribe(shop.buyer("ann", None, **PAYS_LATER, **UNTAXED), fee(amount="30"), start="2024-04-01")
    shop.all(shop.now)
    shop.events()
    shop.now = EDITED - timedelta(minutes=10)
    shop.double.weather.storms.append(Storm("lost_before", "POST", "/v1/invoices/.*/void"))
    with pytest.raises(Unavailable):
        void(shop, Voiding("mistake", Again(), {}))
    shop.now = EDITED
    dearer = [AddItem("default", fee(amount="50"))]
    shop.change(patched(agreed, dearer, Moment(EDITED, EDITED, KnownFeatures())))
    shop.all(EDITED)
    first, second = shop.invoices()
    shop.client.v1.invoices.pay(str(second.external_id), {"paid_out_of_band": True})
    shop.client.v1.invoices.void_invoice(str(first.external_id))
    learnt(shop)
    assert {one.id: one.state.value for one in shop.invoices()}[first.id] == "voided"
    assert reopened(shop) == []
    [step] = shop.rows("SELECT reason FROM invoice_transitions WHERE namespace = %(namespace)s AND target = 'voided'")
    assert step["reason"] == f"mistake; not billed again, as the difference to it was charged: {first.lines[0].key}"
