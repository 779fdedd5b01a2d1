"""Our invoice and its copy at Stripe end together, whatever was done to either in between."""

import pytest

from meterhouse.billing.act_on_invoice import InvoiceActions
from meterhouse.billing.void import Voiding
from meterhouse.kernel.errors import Conflict
from tests.integration.payments.stripe_run import StripeRun
from tests.integration.payments.test_stripe_invoices import UNTAXED, issued, state

FORGOTTEN = Voiding("a mistake", None, {})


def void(shop: StripeRun) -> None:
    actions = InvoiceActions(shop.begin, shop.usage, shop.apps, lambda: shop.now)
    actions.void(shop.namespace, shop.invoice().id, FORGOTTEN)


def test_what_is_voided_here_is_voided_at_stripe_and_its_event_changes_nothing(shop: StripeRun) -> None:
    issued(shop, "pm_card_chargeCustomerFail", **UNTAXED)
    shop.events()
    void(shop)
    assert (state(shop), [row["status"] for row in shop.at_stripe()]) == ("voided", ["void"])
    [event] = shop.events()
    assert shop.deliver(event).message == "void: stale"


def test_what_stripe_has_collected_meanwhile_is_not_voided(shop: StripeRun) -> None:
    issued(shop, "pm_card_chargeCustomerFail", **UNTAXED)
    shop.client.v1.invoices.pay(str(shop.invoice().external_id), {"paid_out_of_band": True})
    with pytest.raises(Conflict, match="paid at Stripe") as refused:
        void(shop)
    assert refused.value.code == "stripe_invoice_paid"
    assert state(shop) == "payment_processing.failed"
