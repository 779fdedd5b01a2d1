"""Invoices that come to nothing, and events of Stripe that say nothing: nobody waits for them, nothing changes."""

import json
from typing import Any

import pytest

from localstack.stripe.server import take_outbox
from meterhouse.billing.app import Payment
from meterhouse.billing.invoice import PAYMENT, Invoice
from meterhouse.billing.profile import CollectionMethod
from meterhouse.billing.state import InvoiceState, Trigger
from meterhouse.payments.sandbox import TARGET_STATUS
from meterhouse.payments.stripe_events_api import stripe_event_routes
from meterhouse.platform.http import http_handler
from tests.integration.billing.audited import audited
from tests.integration.billing.conftest import Run
from tests.integration.billing.purse import Purse
from tests.integration.payments.stripe_run import StripeRun, posted
from tests.unit.billing.samples import FakeApp, metered
from tests.unit.platform.requests import CONTEXT, request
from tests.unit.subscriptions.samples import at

SENT: dict[str, Any] = {"collection_method": CollectionMethod.SEND_INVOICE}
MUCH_LATER = at("2024-06-01T02:00:00Z")


def is_settled(invoice: Invoice) -> bool:
    return invoice.totals.total == invoice.due == 0 and invoice.state is InvoiceState.PAID


@pytest.mark.parametrize("is_borne", [True, False], ids=["credit bears all", "nothing was used"])
@pytest.mark.parametrize(("card", "workflow"), [("pm_card_visa", {}), (None, SENT), ("pm_card_chargeCustomerFail", {})])
def test_an_invoice_of_nothing_is_paid_at_stripe_at_once_and_nothing_is_charged(
    shop: StripeRun, card: str | None, workflow: dict[str, Any], is_borne: bool
) -> None:
    buyer = shop.buyer("ann", card, tax_enabled=False, **workflow)
    if is_borne:
        Purse(shop).grant(buyer, 1000)
    shop.subscribe(buyer, *([] if is_borne else [metered()]))
    shop.all()

    invoice, [theirs] = shop.invoice(), shop.at_stripe()
    assert is_settled(invoice)
    assert invoice.number == theirs["number"]
    assert (theirs["status"], theirs["total"], theirs["amount_paid"]) == ("paid", 0, 0)
    assert PAYMENT not in invoice.external_ids
    assert list(shop.double.account.of("charge").values()) == []
    # Stripe tells of it, too, and again
    events = shop.events()
    assert [event["type"] for event in events] == ["invoice.paid"]
    for event in events * 2:
        shop.deliver(event)
    steps = shop.rows("SELECT target FROM invoice_transitions WHERE namespace = %(namespace)s")
    assert [row["target"] for row in steps].count("paid") == 1
    assert audited(shop).open == 0


@pytest.mark.parametrize("wanted", ["failed", "action_required", "uncollectible", "paid"])
def test_an_invoice_of_nothing_is_paid_whatever_a_payment_would_have_come_to(run: Run, wanted: str) -> None:
    run.subscribe(run.customer("ann", metadata={TARGET_STATUS: wanted}), metered())
    run.all()
    [invoice] = run.invoices()
    assert is_settled(invoice)
    run.all(MUCH_LATER)
    assert run.invoices()[0] == invoice


@pytest.mark.parametrize("payment", [None, Payment(Trigger.FAILED, "declined"), Payment(Trigger.ACTION_REQUIRED)])
def test_no_app_is_asked_to_collect_nothing_and_nothing_is_never_dunned(run: Run, payment: Payment | None) -> None:
    run.app = FakeApp(payment=payment)
    free, owing = run.customer("ann"), run.customer("bob")
    for one in (free, owing):
        run.subscribe(one, metered())
    run.used(owing, "2024-01-01", "4")
    run.all()
    run.all(MUCH_LATER)

    assert {is_settled(one) for one in run.invoices() if one.customer_id == free} == {True}
    assert {one.state.value == "paid" for one in run.invoices() if one.customer_id == owing and one.due} == {False}
    steps = run.rows(
        "SELECT target FROM invoice_transitions t JOIN invoices i ON i.namespace = t.namespace AND i.id = t.invoice_id"
        f" WHERE t.namespace = %(namespace)s AND i.customer_id = '{free}'"
    )
    assert {"overdue", "uncollectible", "payment_processing.failed"}.isdisjoint(row["target"] for row in steps)


@pytest.mark.parametrize("kind", ["invoice.created", "payment_intent.succeeded", "some.thing_of_tomorrow"])
def test_an_event_of_a_type_that_nobody_asked_for_is_taken_changes_nothing_and_is_no_error(
    shop: StripeRun, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    shop.subscribe(shop.buyer("ann", "pm_card_chargeCustomerFail", tax_enabled=False))
    shop.all()
    [theirs], before = shop.at_stripe(), shop.everything()
    [endpoint] = [row for row in shop.double.account.of("webhook_endpoint").values() if shop.installed.id in row["url"]]
    endpoint["enabled_events"] = ["*"]
    take_outbox(shop.double.account)
    shop.double.account.tell(kind, theirs)
    [event] = [one for one in take_outbox(shop.double.account) if one["type"] == kind]
    payload, signature = posted(shop.double, event, shop.installed.id)
    route = f"/api/v1/apps/{shop.installed.id}/stripe/webhook"
    asked = request("POST", route, json.loads(payload), headers={"stripe-signature": signature})
    caplog.clear()
    answer = http_handler(stripe_event_routes(shop.receive))(asked | {"body": payload}, CONTEXT)

    assert (answer["statusCode"], json.loads(answer["body"])["message"]) == (
        200,
        f"events of type {kind} change nothing",
    )
    assert shop.everything() == before
    assert [one.levelname for one in caplog.records if one.levelname not in {"INFO", "DEBUG"}] == []
