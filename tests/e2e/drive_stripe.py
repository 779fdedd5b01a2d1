"""What the official SDK does with an account at Stripe: that of the stack's own double."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Any

import pytest
from corehttp.exceptions import HttpResponseError

from tests.e2e.drive_billing import customer

Sdk = Any
Eventually = Callable[[Callable[[], object], object], None]
KEY = "sk_test_double"
DONE = "https://shop.test/done"


def account(sdk: Sdk) -> str:
    """The app of the double's account, beside the default profile's; installing it again is the same app."""
    order = {"apiKey": KEY, "name": "Stripe", "createBillingProfile": False}
    made: str = sdk.marketplace.install_with_api_key("stripe", order).app["id"]
    return made


def payer(sdk: Sdk, key: str) -> str:
    """A customer of ours who is one of Stripe's, too: by Stripe's id."""
    account(sdk)
    customer(sdk, key)
    options = {"successURL": DONE, "currency": "USD"}
    made = sdk.app_stripe.create_checkout_session({"customer": {"key": key}, "options": options})
    assert (made.mode, made.status) == ("setup", "open")
    theirs: str = made.stripe_customer_id
    return theirs


def install(sdk: Sdk, _eventually: Eventually) -> None:
    app = account(sdk)
    assert sdk.apps.get(app)["stripeAccountId"] == "acct_double"
    assert account(sdk) == app


def checkout(sdk: Sdk, _eventually: Eventually) -> None:
    assert payer(sdk, "checked_out").startswith("cus_")


def link(sdk: Sdk, _eventually: Eventually) -> None:
    theirs = payer(sdk, "linked")
    assert sdk.customer_stripe.upsert("linked", {"stripeCustomerId": theirs}).stripe_customer_id == theirs
    with pytest.raises(HttpResponseError) as refused:
        sdk.customer_stripe.upsert("linked", {"stripeCustomerId": "cus_none"})
    assert refused.value.status_code == HTTPStatus.BAD_REQUEST


def linked(sdk: Sdk, _eventually: Eventually) -> None:
    assert payer(sdk, "shown_link") == sdk.customer_stripe.get("shown_link").stripe_customer_id


def portal(sdk: Sdk, _eventually: Eventually) -> None:
    theirs = payer(sdk, "at_portal")
    made = sdk.customer_stripe.create_portal_session("at_portal", {"returnUrl": DONE})
    assert (made.stripe_customer_id, made.return_url) == (theirs, DONE)


def new_key(sdk: Sdk, _eventually: Eventually) -> None:
    app = account(sdk)
    sdk.app_stripe.update_stripe_api_key(app, {"secretAPIKey": KEY})
    with pytest.raises(HttpResponseError) as refused:
        sdk.app_stripe.update_stripe_api_key(app, {"secretAPIKey": "sk_test_wrong"})
    assert refused.value.status_code == HTTPStatus.BAD_REQUEST


def forged(sdk: Sdk, _eventually: Eventually) -> None:
    event = {"id": "evt_1", "type": "invoice.paid", "livemode": False, "created": 1, "data": {"object": {}}}
    with pytest.raises(HttpResponseError) as refused:
        sdk.app_stripe.webhook(account(sdk), event)
    assert refused.value.status_code == HTTPStatus.BAD_REQUEST


STRIPE = {
    "marketplace.install_with_api_key": install,
    "app_stripe.create_checkout_session": checkout,
    "app_stripe.update_stripe_api_key": new_key,
    "app_stripe.webhook": forged,
    "customer_stripe.upsert": link,
    "customer_stripe.get": linked,
    "customer_stripe.create_portal_session": portal,
}
