"""Our invoice and its copy at Stripe end together, whatever was done to either in between."""

from typing import Any

import pytest

from localstack.stripe.discounts import discounts_of, give_coupon
from localstack.stripe.totals import recompute
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


@pytest.mark.parametrize("workflow", [{}, UNTAXED])
def test_a_coupon_of_the_customer_at_stripe_takes_nothing_off(shop: StripeRun, workflow: dict[str, Any]) -> None:
    buyer = shop.buyer("ann", **workflow)
    give_coupon(shop.double.account, str(shop.at(buyer)), "25")
    shop.subscribe(buyer)
    shop.all()
    [theirs], ours = shop.at_stripe(), shop.invoice()
    assert (state(shop), theirs["subtotal"], theirs["amount_paid"]) == ("paid", 4000, int(ours.totals.total * 100))


def test_a_discount_that_somebody_gave_at_stripe_is_not_issued(shop: StripeRun) -> None:
    issued(shop, auto_advance=False)
    [theirs], ours = shop.at_stripe(), shop.invoice()
    give_coupon(shop.double.account, theirs["customer"], "25")
    theirs |= discounts_of({}, shop.double.account.get("customer", theirs["customer"])["discount"])
    recompute(shop.double.account, theirs)
    answer = shop.stripe_apps(shop.namespace, shop.installed).finalize(ours)
    assert getattr(answer, "code", answer) == "stripe_total_differs"
    assert shop.at_stripe()[0]["status"] == "draft"
