"""What Stripe's webhooks tell of an invoice, or of a card, in any order and again; and what is forged."""

from itertools import permutations

import pytest

from localstack.stripe.payments import authenticate, collect
from localstack.stripe.weather import Storm
from meterhouse.kernel.errors import InvalidInput, NotFound, Unavailable
from meterhouse.payments.stripe import API_KEY
from meterhouse.platform.ids import new_id
from tests.integration.payments.stripe_run import PAYS_LATER, UNTAXED, StripeRun, issued, state
from tests.unit.subscriptions.samples import at


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_signed_webhooks_twice_and_in_any_order_bring_a_draft_to_paid(shop: StripeRun, order: tuple[int, ...]) -> None:
    """The card fails first; the customer then confirms another payment: three events, one outcome."""
    assert issued(shop, "pm_card_authenticationRequired", **UNTAXED) == "payment_processing.action_required"
    [theirs] = shop.at_stripe()
    collect(shop.double.account, theirs["id"])
    authenticate(shop.double.account, theirs["id"])
    events = shop.events()
    assert [event["type"] for event in events] == [
        "invoice.payment_action_required",
        "invoice.payment_action_required",
        "invoice.paid",
    ]
    for number in order * 2:
        shop.deliver(events[number])
    assert state(shop) == "paid"
    assert shop.at_stripe()[0]["amount_paid"] == 4350
    steps = shop.rows("SELECT target FROM invoice_transitions WHERE namespace = %(namespace)s")
    assert [row["target"] for row in steps].count("paid") == 1


def test_an_event_of_the_past_is_read_as_what_holds_now(shop: StripeRun) -> None:
    assert issued(shop, "pm_card_chargeCustomerFail", **UNTAXED) == "payment_processing.failed"
    [failed] = shop.events()
    shop.client.v1.invoices.void_invoice(str(shop.invoice().external_id))
    assert shop.deliver(failed).message == "void: applied"
    assert state(shop) == "voided"


def test_what_is_sent_is_overdue_when_stripe_says_so_and_paid_after_all(shop: StripeRun) -> None:
    assert issued(shop, None, **PAYS_LATER, **UNTAXED) == "payment_processing.pending"
    [theirs] = shop.at_stripe()
    shop.now = at("2024-07-15")
    collect(shop.double.account, theirs["id"])
    [overdue] = shop.events()
    assert overdue["type"] == "invoice.overdue"
    shop.deliver(overdue)
    assert state(shop) == "overdue"
    shop.client.v1.invoices.pay(theirs["id"], {"paid_out_of_band": True})
    shop.deliver(shop.events()[0])
    assert state(shop) == "paid"


def test_what_was_paid_at_stripe_is_not_given_up_although_no_event_told_of_it(shop: StripeRun) -> None:
    issued(shop, None, **PAYS_LATER, **UNTAXED)
    shop.now = at("2024-07-15")
    shop.advance(shop.now)
    assert state(shop) == "overdue"
    shop.client.v1.invoices.pay(str(shop.invoice().external_id), {"paid_out_of_band": True})
    shop.now = at("2024-09-15")
    shop.double.weather.storms.append(Storm("500", "GET", "/v1/invoices/.*"))
    with pytest.raises(Unavailable):
        shop.advance(shop.now)
    key = shop.secrets[shop.installed.id]
    shop.secrets[shop.installed.id] = {**key, API_KEY: "sk_test_revoked"}
    with pytest.raises(Unavailable):
        shop.advance(shop.now)
    assert state(shop) == "overdue"
    shop.secrets[shop.installed.id] = key
    shop.advance(shop.now)
    assert state(shop) == "paid"


def test_a_replay_after_the_tolerance_and_a_wrong_signature_are_refused(shop: StripeRun) -> None:
    issued(shop, "pm_card_chargeCustomerFail", **UNTAXED)
    [event] = shop.events()
    with pytest.raises(InvalidInput) as refused:
        shop.deliver(event, age=301)
    assert [(one.field, one.code) for one in refused.value.problems] == [("stripe-signature:", "signature")]
    shop.deliver(event, age=290)
    for signature in (None, "", "t=1", "t=1,v1=00", "nonsense"):
        with pytest.raises(InvalidInput):
            shop.receive(shop.installed.id, "{}", signature)
    with pytest.raises(NotFound):
        shop.receive(new_id(), "{}", None)


def test_an_invoice_that_only_claims_to_be_ours_changes_nothing(shop: StripeRun) -> None:
    issued(shop, "pm_card_chargeCustomerFail", **UNTAXED)
    [theirs], ours = shop.at_stripe(), shop.invoice()
    forged = shop.client.v1.invoices.create(
        {"customer": theirs["customer"], "currency": "usd", "metadata": {"meterhouse_invoice": ours.id}}
    )
    shop.events()
    shop.client.v1.invoices.finalize_invoice(forged.id)
    [paid] = shop.events()
    assert shop.deliver(paid).message == "no invoice of ours"
    assert state(shop) == "payment_processing.failed"


def test_when_the_customer_was_sent_the_invoice_is_known_once_stripe_says_so(shop: StripeRun) -> None:
    assert issued(shop, **PAYS_LATER, **UNTAXED) == "payment_processing.pending"
    [theirs] = shop.at_stripe()
    collect(shop.double.account, theirs["id"])
    [event] = shop.events()
    later = {**event, "id": "evt_later", "created": event["created"] + 60}
    for one in (later, event, event):
        shop.deliver(one)
    sent = shop.invoice().sent_to_customer_at
    assert (event["type"], sent and sent.timestamp()) == ("invoice.sent", event["created"])


def test_a_confirmed_setup_makes_the_card_the_default(shop: StripeRun) -> None:
    buyer = shop.buyer("ann", None)
    intent = shop.client.v1.setup_intents.create({"customer": str(shop.at(buyer))})
    shop.client.v1.setup_intents.confirm(intent.id, {"payment_method": "pm_card_visa"})
    [event] = shop.events()
    received = shop.deliver(event)
    assert received.customer_id == shop.deliver(event).customer_id == buyer
    theirs = shop.client.v1.customers.retrieve(str(shop.at(buyer)))
    assert theirs.invoice_settings is not None
    assert received.message == f"{theirs.invoice_settings.default_payment_method} is the default payment method"
