"""A key that Stripe does not take says nothing of what was asked for: nothing changes but the app."""

import pytest

from localstack.stripe.payments import collect
from localstack.stripe.weather import Storm
from meterhouse.billing.installed_app import AppStatus
from meterhouse.payments.stripe_api import StripeRefusal
from meterhouse.payments.stripe_drafts import StripeDrafts
from tests.integration.billing.given import INVOICES, Api
from tests.integration.payments.stripe_run import PAYS_LATER, UNTAXED, StripeRun, issued, state

PENDING = "payment_processing.pending"


def kinds(shop: StripeRun) -> list[str]:
    rows = shop.rows("SELECT type FROM outbox WHERE namespace = %(namespace)s ORDER BY position")
    return [row["type"] for row in rows]


def test_runs_fail_no_payment_that_nobody_tried_and_say_what_the_app_is(shop: StripeRun) -> None:
    assert issued(shop, None, **PAYS_LATER, **UNTAXED) == PENDING
    before, told = shop.invoice(), kinds(shop)
    with shop.revoked():
        for _ in range(2):
            shop.advance()
    assert (shop.invoice(), shop.app_status()) == (before, AppStatus.UNAUTHORIZED)
    assert kinds(shop) == [*told, "app.updated"]
    shop.client.v1.invoices.pay(str(before.external_id), {"paid_out_of_band": True})
    shop.advance()
    assert state(shop) == "paid"


def test_a_retry_that_the_key_does_not_allow_waits_for_one_that_does_and_is_the_same_attempt(shop: StripeRun) -> None:
    assert issued(shop, "pm_card_chargeCustomerFail", **UNTAXED) == "payment_processing.failed"
    with shop.revoked():
        retried = Api(shop).ok("POST", f"{INVOICES}/{shop.invoice().id}/retry")
    assert (retried["statusDetails"]["extendedStatus"], shop.invoice().payment_attempt) == (PENDING, 2)
    assert shop.at_stripe()[0]["attempt_count"] == 1
    for _ in range(2):
        shop.advance()
    assert (state(shop), shop.invoice().payment_attempt) == ("payment_processing.failed", 2)
    assert shop.at_stripe()[0]["attempt_count"] == 2


@pytest.mark.parametrize("call", [("GET", "/v1/invoices/[^/]+"), ("POST", "/v1/invoices/[^/]+/pay")])
def test_a_restricted_key_that_may_not_charge_fails_no_payment_and_says_why(
    shop: StripeRun, call: tuple[str, str]
) -> None:
    issued(shop, **UNTAXED, auto_advance=False)
    method, path = call
    # the calls of the issue itself come before
    skip = 2 if method == "GET" else 0
    shop.double.weather.storms.append(Storm("403", method, path, skip=skip))
    approved = Api(shop).ok("POST", f"{INVOICES}/{shop.invoice().id}/approve")
    assert (approved["statusDetails"]["extendedStatus"], shop.app_status()) == (PENDING, AppStatus.READY)
    assert [storm.times for storm in shop.double.weather.storms] == [0]
    [issue] = approved["validationIssues"]
    assert (issue["code"], "does not have the required permissions" in issue["message"]) == (
        "stripe_unauthorized",
        True,
    )
    shop.advance()
    assert (state(shop), shop.invoice().issues) == ("paid", ())


def test_a_key_that_may_not_charge_any_more_says_so_until_somebody_tries_to_pay(shop: StripeRun) -> None:
    issued(shop, "pm_card_chargeCustomerFail", **UNTAXED)
    with shop.revoked():
        Api(shop).ok("POST", f"{INVOICES}/{shop.invoice().id}/retry")
    before, told = shop.invoice(), kinds(shop)
    assert (before.state.value, before.issues) == (PENDING, ())
    shop.double.weather.storms.append(Storm("403", "POST", "/v1/invoices/[^/]+/pay", times=2))
    for _ in range(2):
        shop.advance()
        assert (state(shop), [one.code for one in shop.invoice().issues]) == (PENDING, ["stripe_unauthorized"])
    assert (shop.invoice().payment_attempt, kinds(shop)) == (before.payment_attempt, told)
    collect(shop.double.account, str(before.external_id))
    for event in shop.events():
        shop.deliver(event)
    assert (state(shop), shop.invoice().issues) == ("payment_processing.failed", ())


@pytest.mark.parametrize("code", ["resource_missing", "stripe_refused"])
def test_what_stripe_refuses_of_the_invoice_and_not_of_the_key_fails_the_payment(
    shop: StripeRun, monkeypatch: pytest.MonkeyPatch, code: str
) -> None:
    issued(shop, "pm_card_chargeCustomerFail", **UNTAXED)

    def find(*_: object) -> None:
        raise StripeRefusal(code, "No such customer")

    monkeypatch.setattr(StripeDrafts, "find", find)
    Api(shop).ok("POST", f"{INVOICES}/{shop.invoice().id}/retry")
    assert (state(shop), shop.last_reason()) == ("payment_processing.failed", "No such customer")
