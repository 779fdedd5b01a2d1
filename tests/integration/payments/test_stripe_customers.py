"""Who our customers are at Stripe, and what a page that was left late changes of it."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from localstack.stripe.account import Obj
from localstack.stripe.weather import Storm
from meterhouse.kernel.errors import Conflict, Unavailable
from meterhouse.payments.customer_apps import CustomerAppService
from meterhouse.payments.customer_data import StripeCustomer, Wanted
from meterhouse.payments.postgres import PostgresPayments
from meterhouse.payments.stripe_links import StripeLinks
from meterhouse.platform.postgres import Database, PostgresSettings, begins
from tests.integration.payments.stripe_run import StripeRun
from tests.unit.billing.samples import NOW


def opened(shop: StripeRun, customer: str, minute: int) -> str:
    """A page that is opened in this minute."""
    shop.now = NOW.replace(minute=minute)
    return shop.client.v1.setup_intents.create({"customer": str(shop.at(customer))}).id


def left(shop: StripeRun, page: str, minute: int) -> Obj:
    """The event of a page that is left with a card in this minute."""
    shop.now = NOW.replace(minute=minute)
    shop.client.v1.setup_intents.confirm(page, {"payment_method": "pm_card_visa"})
    [event] = shop.events()
    return event


def set_up(shop: StripeRun, customer: str, minute: int) -> Obj:
    """The event of a page that was opened in this minute and left with a card."""
    return left(shop, opened(shop, customer, minute), minute)


def card(shop: StripeRun, customer: str) -> str | None:
    """The card that is charged, where Stripe and we know the same one."""
    known = shop.links.of(shop.namespace, shop.installed.id, customer)
    theirs = shop.double.account.get("customer", str(shop.at(customer)))
    assert known is not None
    assert known.payment_method_id == theirs["invoice_settings"].get("default_payment_method")
    return known.payment_method_id


def test_a_late_or_repeated_setup_puts_no_old_card_back(shop: StripeRun) -> None:
    ann = shop.buyer("ann", None)
    first, second = set_up(shop, ann, 1), set_up(shop, ann, 2)
    shop.deliver(second)
    newest = card(shop, ann)
    assert newest == second["data"]["object"]["payment_method"]
    for late in (first, second):
        assert shop.deliver(late).message == "this payment method, or a later one, is known"
        assert card(shop, ann) == newest
    shop.deliver(set_up(shop, ann, 3))
    assert card(shop, ann) != newest


def test_the_card_that_was_left_last_counts_whichever_page_was_opened_first(shop: StripeRun) -> None:
    ann = shop.buyer("ann", None)
    one, other = opened(shop, ann, 1), opened(shop, ann, 2)
    first, last = left(shop, other, 3), left(shop, one, 4)
    for event in (last, first, last):
        shop.deliver(event)
        assert card(shop, ann) == last["data"]["object"]["payment_method"]


def test_a_repeated_setup_leaves_what_was_put_since(shop: StripeRun) -> None:
    ann = shop.buyer("ann", None)
    first, second = set_up(shop, ann, 1), set_up(shop, ann, 2)
    shop.deliver(first)
    facts = StripeCustomer(str(shop.at(ann)), second["data"]["object"]["payment_method"])
    service = CustomerAppService(begins(shop.database, PostgresPayments), {}, lambda: shop.now)
    for _ in range(2):
        service.put(shop.namespace, ann, [Wanted(facts, shop.installed.id)])
    shop.deliver(first)
    known = shop.links.of(shop.namespace, shop.installed.id, ann)
    assert known is not None
    assert known.payment_method_id == facts.payment_method_id


def test_a_setup_that_stripe_was_not_told_of_is_done_by_its_repeat(shop: StripeRun) -> None:
    ann = shop.buyer("ann", None)
    event = set_up(shop, ann, 1)
    shop.double.weather.storms.append(Storm("500", "POST", "/v1/customers/.*"))
    with pytest.raises(Unavailable):
        shop.deliver(event)
    assert card(shop, ann) is None
    shop.deliver(event)
    assert card(shop, ann) == event["data"]["object"]["payment_method"]


def test_a_customer_of_stripes_is_one_of_ours_and_nobody_elses(
    shop: StripeRun, database_settings: PostgresSettings
) -> None:
    rivals = [shop.customer("ann"), shop.customer("bob")]

    def linked(customer: str) -> str:
        database = Database(lambda: database_settings)
        links = StripeLinks(begins(database, PostgresPayments), database.ended)
        try:
            links.link(shop.namespace, shop.installed.id, customer, StripeCustomer("cus_1"))
        except Conflict as conflict:
            return conflict.code
        finally:
            database.close()
        return customer

    with ThreadPoolExecutor() as threads:
        told = set(threads.map(linked, rivals))
    [winner] = told & set(rivals)
    assert told == {winner, "stripe_customer_taken"}
    assert shop.links.by_stripe_id(shop.namespace, shop.installed.id, "cus_1") == winner
