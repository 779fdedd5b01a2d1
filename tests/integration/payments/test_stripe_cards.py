"""Which card is charged: the one that a caller put, or else whatever is the customer's default at Stripe by then."""

from collections.abc import Callable

import pytest

from localstack.stripe.payments import collect
from meterhouse.billing.installed_app import AppType
from meterhouse.payments.customer_apps import CustomerAppService
from meterhouse.payments.customer_data import StripeCustomer, Wanted
from meterhouse.payments.postgres import PostgresPayments
from meterhouse.payments.stripe_api import StripeSettings
from meterhouse.payments.stripe_connector import StripeConnector
from meterhouse.platform.postgres import begins
from tests.integration.billing.given import INVOICES, Api
from tests.integration.payments.stripe_run import UNTAXED, StripeRun, state

FAILS, PAYS = "pm_card_chargeCustomerFail", "pm_card_visa"


def buyer(shop: StripeRun) -> str:
    """Who has no card yet and buys something."""
    ann = shop.buyer("ann", None, **UNTAXED)
    shop.subscribe(ann)
    return ann


def attached(shop: StripeRun, customer: str, card: str) -> str:
    return shop.client.v1.payment_methods.attach(card, {"customer": str(shop.at(customer))}).id


def put(shop: StripeRun, customer: str, method: str | None) -> None:
    """By a caller."""
    stripe = StripeConnector(shop.secrets, shop.stripe_apps.refused, settings=lambda: StripeSettings(shop.url))
    service = CustomerAppService(begins(shop.database, PostgresPayments), {AppType.STRIPE: stripe}, lambda: shop.now)
    service.put(shop.namespace, customer, [Wanted(StripeCustomer(str(shop.at(customer)), method), shop.installed.id)])


def failed(shop: StripeRun) -> None:
    shop.all()
    assert state(shop) == "payment_processing.failed"


def by_stripe(shop: StripeRun) -> None:
    """As it retries by itself."""
    shop.events()
    collect(shop.double.account, str(shop.invoice().external_id))
    for event in shop.events():
        shop.deliver(event)


def by_us(shop: StripeRun) -> None:
    Api(shop).ok("POST", f"{INVOICES}/{shop.invoice().id}/retry")


@pytest.mark.parametrize("again", [by_stripe, by_us])
def test_an_open_invoice_is_paid_by_a_newer_card_that_was_left(
    shop: StripeRun, again: Callable[[StripeRun], None]
) -> None:
    ann = buyer(shop)
    shop.leave(ann, FAILS)
    failed(shop)
    shop.leave(ann, PAYS)
    again(shop)
    assert state(shop) == "paid"


@pytest.mark.parametrize("again", [by_stripe, by_us])
def test_an_open_invoice_is_paid_by_the_default_that_was_chosen_in_the_portal(
    shop: StripeRun, again: Callable[[StripeRun], None]
) -> None:
    ann = buyer(shop)
    shop.leave(ann, FAILS)
    failed(shop)
    chosen = attached(shop, ann, PAYS)
    shop.client.v1.customers.update(str(shop.at(ann)), {"invoice_settings": {"default_payment_method": chosen}})
    again(shop)
    assert state(shop) == "paid"


def test_a_card_that_a_caller_put_is_charged_and_not_the_default(shop: StripeRun) -> None:
    ann = buyer(shop)
    shop.leave(ann, FAILS)
    card = attached(shop, ann, PAYS)
    put(shop, ann, card)
    shop.all()
    assert (state(shop), shop.at_stripe()[0]["default_payment_method"]) == ("paid", card)


@pytest.mark.parametrize("is_left", [True, False])
def test_a_retry_charges_what_was_left_or_put_since_the_invoice_named_another_card(
    shop: StripeRun, is_left: bool
) -> None:
    ann = buyer(shop)
    old = attached(shop, ann, FAILS)
    put(shop, ann, old)
    failed(shop)
    assert shop.at_stripe()[0]["default_payment_method"] == old
    if is_left:
        shop.leave(ann, PAYS)
    else:
        put(shop, ann, attached(shop, ann, PAYS))
    by_us(shop)
    assert state(shop) == "paid"


def test_a_card_that_was_removed_at_stripe_is_told_before_stripe_refuses_it_and_a_newer_one_mends_it(
    shop: StripeRun,
) -> None:
    ann = buyer(shop)
    card = attached(shop, ann, PAYS)
    put(shop, ann, card)
    shop.client.v1.payment_methods.detach(card)
    shop.all()
    assert state(shop) == "draft.invalid"
    [issue] = shop.invoice().issues
    assert (issue.code, card in issue.message) == ("payment_method_missing", True)
    shop.leave(ann, PAYS)
    shop.advance()
    assert state(shop) == "paid"


def test_a_card_that_was_left_and_removed_gives_way_to_the_default(shop: StripeRun) -> None:
    ann = buyer(shop)
    shop.leave(ann, PAYS)
    left = shop.links.of(shop.namespace, shop.installed.id, ann)
    assert left is not None
    shop.client.v1.payment_methods.detach(str(left.payment_method_id))
    chosen = attached(shop, ann, PAYS)
    shop.client.v1.customers.update(str(shop.at(ann)), {"invoice_settings": {"default_payment_method": chosen}})
    shop.all()
    assert state(shop) == "paid"


def test_a_card_that_was_left_and_is_sent_back_as_it_was_shown_is_no_wish(shop: StripeRun) -> None:
    ann = buyer(shop)
    shop.leave(ann, FAILS)
    known = shop.links.of(shop.namespace, shop.installed.id, ann)
    assert known is not None
    put(shop, ann, known.payment_method_id)
    assert shop.links.of(shop.namespace, shop.installed.id, ann) == known
    put(shop, ann, None)
    put(shop, ann, known.payment_method_id)
    again = shop.links.of(shop.namespace, shop.installed.id, ann)
    assert again is not None
    assert again.named_method_id == known.payment_method_id


def test_a_card_that_was_left_and_is_put_by_name_is_charged_though_another_was_chosen_since(shop: StripeRun) -> None:
    ann = buyer(shop)
    shop.leave(ann, PAYS)
    left = shop.links.of(shop.namespace, shop.installed.id, ann)
    assert left is not None
    chosen = attached(shop, ann, FAILS)
    shop.client.v1.customers.update(str(shop.at(ann)), {"invoice_settings": {"default_payment_method": chosen}})
    put(shop, ann, left.payment_method_id)
    shop.all()
    assert (state(shop), shop.at_stripe()[0]["default_payment_method"]) == ("paid", left.payment_method_id)


def test_a_card_that_was_withdrawn_is_not_charged_where_nothing_is_in_its_place(shop: StripeRun) -> None:
    ann = buyer(shop)
    card = attached(shop, ann, FAILS)
    put(shop, ann, card)
    failed(shop)
    shop.double.account.get("payment_method", card)["double_charge"] = "succeeds"
    put(shop, ann, None)
    by_us(shop)
    assert (state(shop), shop.at_stripe()[0]["attempt_count"]) == ("payment_processing.failed", 1)
    assert "no default payment method" in str(shop.last_reason())
    put(shop, ann, card)
    by_us(shop)
    assert state(shop) == "paid"
