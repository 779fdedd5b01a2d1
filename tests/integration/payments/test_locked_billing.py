"""What Stripe tells of invoices while billing of their namespace is locked."""

import pytest

from meterhouse.kernel.errors import Forbidden
from meterhouse.platform.lockdown import LOCKED
from tests.integration.payments.stripe_run import StripeRun


def test_an_event_of_an_invoice_waits_for_stripe_s_next_attempt_and_counts_then(
    shop: StripeRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.subscribe(shop.buyer("ann", "pm_card_chargeCustomerFail", tax_enabled=False))
    shop.all()
    shop.events()
    shop.client.v1.invoices.pay(str(shop.invoice().external_id), {"paid_out_of_band": True})
    [paid] = shop.events()
    before = shop.everything()

    monkeypatch.setenv(LOCKED, shop.namespace)
    with pytest.raises(Forbidden) as refused:
        shop.deliver(paid)
    assert (refused.value.code, shop.everything()) == ("billing_locked", before)
    monkeypatch.setenv(LOCKED, "another")
    assert shop.deliver(paid).message == "paid: applied"
    assert shop.invoice().state.value == "paid"


def test_who_leaves_a_payment_method_has_it_although_billing_is_locked(
    shop: StripeRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    buyer = shop.buyer("ann", None)
    intent = shop.client.v1.setup_intents.create({"customer": str(shop.at(buyer))})
    shop.client.v1.setup_intents.confirm(intent.id, {"payment_method": "pm_card_visa"})
    [event] = shop.events()
    monkeypatch.setenv(LOCKED, shop.namespace)
    assert shop.deliver(event).message.endswith("is the default payment method")
