"""A Stripe account installed by its key, customers there, and pages for them, over HTTP against the double."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from localstack.stripe.account import API_VERSION, Obj
from localstack.stripe.server import take_outbox
from localstack.stripe.service import Stripe
from localstack.stripe.sessions import complete_checkout
from localstack.stripe.weather import Storm
from meterhouse.billing.record_payment import RecordPayment
from meterhouse.billing.record_refund import RecordRefund
from meterhouse.kernel.errors import Unavailable
from meterhouse.payments.named_app import NamedApps
from meterhouse.payments.secretsmanager import SecretsManager
from meterhouse.payments.secretsmanager_writer import SecretsManagerWriter
from meterhouse.payments.stripe import API_KEY, WEBHOOK_ENDPOINT, WEBHOOK_SECRET
from meterhouse.payments.stripe_api import StripeSettings
from meterhouse.payments.stripe_connector import StripeConnector
from meterhouse.payments.stripe_events import EVENTS, ReceiveStripeEvent
from meterhouse.payments.stripe_events_api import stripe_event_routes
from meterhouse.platform.http import http_handler
from meterhouse.platform.postgres import Database
from tests.integration.billing.conftest import Run
from tests.integration.payments.given import APPS, CUSTOMERS, LISTINGS, AppsApi
from tests.integration.payments.stripe_run import KEY, posted
from tests.problems import faults_of
from tests.unit.platform.requests import CONTEXT, request

CHECKOUT = "/api/v1/stripe/checkout/sessions"
INSTALL = f"{LISTINGS}/stripe/install/apikey"


@pytest.fixture
def double(stripe_double: tuple[Stripe, str]) -> Iterator[Stripe]:
    double, _ = stripe_double
    yield double
    double.weather.storms.clear()
    double.account.api_keys = {KEY}
    double.account.of("webhook_endpoint").clear()


@pytest.fixture
def api(run: Run, double: Stripe, stripe_double: tuple[Stripe, str], secrets_manager: None) -> AppsApi:
    assert (secrets_manager, double.account.id) == (None, "acct_double")
    settings = StripeSettings(stripe_double[1])
    made = AppsApi(run, settings=settings)
    refused = made.stripe().refused
    made.connector = StripeConnector(SecretsManager(), refused, lambda: "https://ours.test", lambda: settings)
    return made


def install(api: AppsApi) -> Any:
    return api.ok("POST", INSTALL, {"apiKey": KEY, "createBillingProfile": False})["app"]


def refused(api: AppsApi, status: int, method: str, path: str, body: object) -> list[tuple[str, str]]:
    """The faults of a call that is answered with this status."""
    answered, problem = api(method, path, body)
    assert answered == status, problem
    return faults_of(problem)


def customer_of(double: Stripe) -> Obj:
    return double.account.add("customer", "cus", metadata={}, invoice_settings={"default_payment_method": None})


def endpoints(double: Stripe) -> list[Obj]:
    return list(double.account.of("webhook_endpoint").values())


def test_a_key_installs_its_account_with_one_endpoint_however_often(api: AppsApi, double: Stripe) -> None:
    first, second = install(api), install(api)
    assert first["id"] == second["id"]
    assert (first["stripeAccountId"], first["livemode"], first["maskedAPIKey"]) == (
        "acct_double",
        False,
        "sk_test_***ble",
    )
    [endpoint] = endpoints(double)
    assert endpoint["url"] == f"https://ours.test/api/v1/apps/{first['id']}/stripe/webhook"
    assert set(endpoint["enabled_events"]) == set(EVENTS)
    kept = SecretsManager().of(api.run.namespace, first["id"])
    assert kept == {API_KEY: KEY, WEBHOOK_SECRET: endpoint["double_secret"], WEBHOOK_ENDPOINT: endpoint["id"]}
    assert KEY not in json.dumps(api.ok("GET", APPS))


def test_a_key_that_opens_nothing_is_refused_by_its_field(api: AppsApi, double: Stripe) -> None:
    faults = refused(api, 400, "POST", INSTALL, {"apiKey": "sk_test_wrong"})
    assert faults == [("/apiKey", "stripe_unauthorized")]
    assert endpoints(double) == []


@pytest.mark.parametrize("key", ["sk_test_é€", "sk_test_\n", "sk test", "sk_test_\x7f"])
def test_a_key_that_cannot_be_sent_is_refused_by_its_field(api: AppsApi, key: str) -> None:
    app, pattern = install(api), "string_pattern_mismatch"
    assert refused(api, 400, "POST", INSTALL, {"apiKey": key}) == [("/apiKey", pattern)]
    path, change = f"{APPS}/{app['id']}", {"secretAPIKey": key}
    assert refused(api, 400, "PUT", f"{path}/stripe/api-key", change) == [("/secretAPIKey", pattern)]
    full = change | {"type": "stripe", "name": "S"}
    assert refused(api, 400, "PUT", path, full) == [("/secretAPIKey", pattern)]


def test_a_key_for_an_app_of_another_type_is_a_fault_of_the_path(api: AppsApi) -> None:
    path = f"{APPS}/{api.sandbox()['id']}/stripe/api-key"
    assert refused(api, 400, "PUT", path, {"secretAPIKey": KEY}) == [("path:id", "app_type")]


def test_a_revoked_key_is_no_fault_of_the_options(api: AppsApi, double: Stripe) -> None:
    install(api)
    double.account.api_keys = set()
    options = {"successURL": "https://ours.test/done", "currency": "EUR"}
    for more in ({}, {"stripeCustomerId": "cus_none"}):
        api.run.customer(f"ann{len(more)}")
        body = {"customer": {"key": f"ann{len(more)}"}, "options": options} | more
        assert refused(api, 400, "POST", CHECKOUT, body) == [("", "stripe_unauthorized")]


@pytest.mark.parametrize("call", ["checkout", "checkout of a new customer", "checkout of theirs", "portal", "data"])
def test_an_app_is_unauthorized_by_whichever_call_finds_its_key_revoked(
    api: AppsApi, double: Stripe, call: str
) -> None:
    app = install(api)
    api.run.customer("ann")
    theirs = customer_of(double)["id"]
    api.ok("PUT", f"{CUSTOMERS}/ann/stripe", {"stripeCustomerId": theirs})
    options: dict[str, Any] = {"options": {"successURL": "https://ours.test/done", "currency": "EUR"}}
    method, path, body = {
        "checkout": ("POST", CHECKOUT, options | {"customer": {"key": "ann"}}),
        "checkout of a new customer": ("POST", CHECKOUT, options | {"customer": {"name": "Acme", "key": "acme"}}),
        "checkout of theirs": ("POST", CHECKOUT, options | {"customer": {"key": "ann"}, "stripeCustomerId": "cus_1"}),
        "portal": ("POST", f"{CUSTOMERS}/ann/stripe/portal", {}),
        "data": ("PUT", f"{CUSTOMERS}/ann/stripe", {"stripeCustomerId": theirs}),
    }[call]
    double.account.api_keys = set()
    assert refused(api, 400, method, path, body) == [("", "stripe_unauthorized")]
    assert api.ok("GET", f"{APPS}/{app['id']}")["status"] == "unauthorized"


@pytest.mark.parametrize("kind", ["500", "500_after", "lost_after"])
def test_an_install_that_breaks_off_is_mended_by_its_repeat(api: AppsApi, double: Stripe, kind: Any) -> None:
    double.weather.storms.append(Storm(kind, "POST", "/v1/webhook_endpoints"))
    refused(api, 503, "POST", INSTALL, {"apiKey": KEY})
    assert [app["type"] for app in api.ok("GET", APPS)["items"]] == ["sandbox"]
    install(api)
    assert len(endpoints(double)) == 1


def test_a_new_key_of_the_account_takes_the_old_ones_place(api: AppsApi, double: Stripe) -> None:
    app = install(api)
    double.account.api_keys = {"sk_test_new"}
    path = f"{APPS}/{app['id']}/stripe/api-key"
    assert api("PUT", path, {"secretAPIKey": "sk_test_new"})[0] == 204
    assert SecretsManager().of(api.run.namespace, app["id"])[API_KEY] == "sk_test_new"
    faults = refused(api, 400, "PUT", path, {"secretAPIKey": "sk_test_wrong"})
    assert [field for field, _ in faults] == ["/secretAPIKey"]
    assert len(endpoints(double)) == 1


def test_events_that_wait_for_their_next_attempt_are_taken_after_the_key_was_replaced(
    api: AppsApi, double: Stripe
) -> None:
    app, path = install(api), f"{APPS}/{{}}/stripe/api-key"
    take_outbox(double.account)
    double.account.tell(
        "setup_intent.succeeded", double.account.add("setup_intent", "seti", customer=None, payment_method=None)
    )
    waiting = posted(double, take_outbox(double.account)[0], app["id"])
    [before] = endpoints(double)
    kept = dict(before)
    before |= {"url": "https://before.test", "enabled_events": ["invoice.paid"]}
    double.account.api_keys = {KEY, "sk_test_new"}
    assert api("PUT", path.format(app["id"]), {"secretAPIKey": "sk_test_new"})[0] == 204
    assert endpoints(double) == [kept]
    assert receiver(api)(app["id"], *waiting).message == "no customer of ours"
    assert install(api)["id"] == app["id"]
    assert endpoints(double) == [kept]


@pytest.mark.parametrize("worn", [{"status": "disabled"}, {"api_version": "2020-08-27"}, None])
def test_an_endpoint_that_tells_us_nothing_gives_way_to_a_new_one(
    api: AppsApi, double: Stripe, worn: dict[str, str] | None
) -> None:
    app = install(api)
    [before] = endpoints(double)
    if worn is None:
        double.account.of("webhook_endpoint").clear()
    else:
        before |= worn
    install(api)
    [now] = endpoints(double)
    assert (now["id"] != before["id"], now["status"], now["api_version"]) == (True, "enabled", API_VERSION)
    assert SecretsManager().of(api.run.namespace, app["id"])[WEBHOOK_SECRET] == now["double_secret"]


def _full(*_: object) -> None:
    raise Unavailable("the secret cannot be written")


def test_a_key_that_is_not_replaced_leaves_a_webhook_that_works(
    api: AppsApi, double: Stripe, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = install(api)
    change = f"{APPS}/{app['id']}/stripe/api-key", {"secretAPIKey": KEY}

    def works() -> bool:
        secret = SecretsManager().of(api.run.namespace, app["id"])[WEBHOOK_SECRET]
        return secret in {endpoint["double_secret"] for endpoint in endpoints(double)}

    # else it goes on, and there is nothing to be made
    endpoints(double)[0]["api_version"] = "2020-08-27"
    for method in ("POST", "DELETE"):
        double.weather.storms.append(Storm("500", method, "/v1/webhook_endpoints.*"))
        assert (api("PUT", *change)[0], works()) == (503, True)
    with monkeypatch.context() as broken:
        broken.setattr(SecretsManagerWriter, "keep", _full)
        assert (api("PUT", *change)[0], works()) == (503, True)
        assert (api("POST", INSTALL, {"apiKey": KEY})[0], works()) == (503, True)
    assert (api("PUT", *change)[0], works(), len(endpoints(double))) == (204, True, 1)


def test_an_uninstalled_account_hears_from_us_no_more(api: AppsApi, double: Stripe) -> None:
    app = install(api)
    assert api("DELETE", f"{APPS}/{app['id']}")[0] == 204
    assert endpoints(double) == []
    assert NamedApps(api.run.database)(app["id"]) is None


def test_a_customer_of_stripes_has_to_exist_and_to_own_its_card(api: AppsApi, double: Stripe) -> None:
    install(api)
    api.run.customer("ann")
    path = f"{CUSTOMERS}/ann/stripe"
    faults = refused(api, 400, "PUT", path, {"stripeCustomerId": "cus_none"})
    assert [code for _, code in faults] == ["resource_missing"]
    ann, bob = (customer_of(double) for _ in range(2))
    card = double.account.add("payment_method", "pm", customer=bob["id"], metadata={})
    facts = {"stripeCustomerId": ann["id"], "stripeDefaultPaymentMethodId": card["id"]}
    faults = refused(api, 400, "PUT", path, facts)
    assert [code for _, code in faults] == ["payment_method_of_another"]
    assert api.ok("PUT", path, {"stripeCustomerId": ann["id"]})["stripeCustomerId"] == ann["id"]


def test_checkout_makes_the_customer_on_both_sides_and_its_card_the_default(api: AppsApi, double: Stripe) -> None:
    app = install(api)
    take_outbox(double.account)
    body = {
        "customer": {"name": "Ann", "key": "ann", "usageAttribution": {"subjectKeys": ["ann"]}},
        "options": {"successURL": "https://ours.test/done", "currency": "EUR", "metadata": {"a": "b"}},
    }
    made = api.ok("POST", CHECKOUT, body)
    assert (made["mode"], made["currency"], made["metadata"], made["status"]) == ("setup", "EUR", {"a": "b"}, "open")
    complete_checkout(double.account, made["sessionId"], "pm_card_visa")
    [event] = [one for one in take_outbox(double.account) if one["type"] in EVENTS]
    received = deliver(api, double, app["id"], event)
    assert received.customer_id == made["customerId"]
    known = api.ok("GET", f"{CUSTOMERS}/ann/stripe")
    theirs = double.account.get("customer", made["stripeCustomerId"])
    assert known["stripeDefaultPaymentMethodId"] == theirs["invoice_settings"]["default_payment_method"]
    again = api.ok("POST", CHECKOUT, {**body, "customer": {"key": "ann"}})
    assert again["stripeCustomerId"] == made["stripeCustomerId"]
    portal = api.ok("POST", f"{CUSTOMERS}/ann/stripe/portal", {"returnUrl": "https://ours.test"})
    assert (portal["stripeCustomerId"], portal["returnUrl"]) == (made["stripeCustomerId"], "https://ours.test")


def test_who_was_deleted_keeps_nobody_from_the_page(api: AppsApi, double: Stripe) -> None:
    install(api)
    theirs = customer_of(double)["id"]
    for key in ("ann", "bob"):
        api.run.customer(key)
    body = {"customer": {"key": "bob"}, "stripeCustomerId": theirs}
    body |= {"options": {"successURL": "https://ours.test/done", "currency": "EUR"}}
    api.ok("PUT", f"{CUSTOMERS}/ann/stripe", {"stripeCustomerId": theirs})
    status, problem = api("POST", CHECKOUT, body)
    assert (status, problem["code"]) == (409, "stripe_customer_taken")
    with api.run.database.transaction(api.run.namespace) as transaction:
        transaction.execute("UPDATE customers SET deleted_at = now() WHERE key = 'ann'", {})
        transaction.commit()
    assert api.ok("POST", CHECKOUT, body)["stripeCustomerId"] == theirs


def receiver(api: AppsApi) -> ReceiveStripeEvent:
    payment, refund = RecordPayment(api.run.begin, api.run.apps), RecordRefund(api.run.begin)
    return ReceiveStripeEvent(NamedApps(api.run.database), api.stripe(), api.run.begin, payment, refund)


def deliver(api: AppsApi, double: Stripe, app_id: str, event: Obj) -> Any:
    return receiver(api)(app_id, *posted(double, event, app_id))


def test_what_stripe_refuses_of_a_page_is_the_callers_fault(api: AppsApi) -> None:
    install(api)
    api.run.customer("ann")
    faults = refused(api, 400, "POST", CHECKOUT, {"customer": {"key": "ann"}, "options": {}})
    assert faults == [("/options", "parameter_missing")]
    faults = refused(
        api, 400, "POST", CHECKOUT, {"customer": {"key": "ann"}, "stripeCustomerId": "cus_none", "options": {}}
    )
    assert [field for field, _ in faults] == ["/stripeCustomerId"]
    refused(api, 404, "POST", CHECKOUT, {"customer": {"key": "bob"}, "options": {}})
    refused(api, 404, "POST", f"{CUSTOMERS}/bob/stripe/portal", {})


@pytest.mark.parametrize("key", [None, "once"])
def test_a_page_that_stripe_refuses_or_cannot_make_leaves_no_customer_on_either_side(
    api: AppsApi, double: Stripe, key: str | None
) -> None:
    install(api)

    def theirs() -> list[str]:
        return [name for name, one in double.account.of("customer").items() if not one.get("deleted")]

    before = theirs()
    body = {"customer": {"name": "Acme", "key": "acme"}, "options": {"currency": "EUR"}}
    sound = body | {"options": {"successURL": "https://ours.test/done", "currency": "EUR"}}
    double.weather.storms.append(Storm("500", "POST", "/v1/checkout/sessions", times=2))
    for given, status in [(sound, 503), (sound, 503), (body, 400), (body, 400)]:
        assert api("POST", CHECKOUT, given, key=key and f"{key}-{status}")[0] == status
        assert api("GET", f"{CUSTOMERS}/acme/stripe")[0] == 404
        assert theirs() == before
    made = api.ok("POST", CHECKOUT, sound)
    assert api.ok("GET", f"{CUSTOMERS}/acme/stripe")["stripeCustomerId"] == made["stripeCustomerId"]


def test_the_app_of_another_namespace_is_found_by_its_id_alone(api: AppsApi, database: Database) -> None:
    app = install(api)
    named = NamedApps(database)(app["id"])
    assert named is not None
    assert (named.namespace, named.app.id) == (api.run.namespace, app["id"])
    with database.transaction("", app=app["id"]) as transaction:
        assert [row["id"] for row in transaction.fetch_all("SELECT id FROM apps")] == [app["id"]]
        assert transaction.fetch_all("SELECT * FROM customer_apps") == []


def test_the_webhook_asks_for_a_signature_and_for_no_key_of_ours(api: AppsApi, double: Stripe) -> None:
    app = install(api)
    take_outbox(double.account)
    double.account.tell(
        "setup_intent.succeeded", double.account.add("setup_intent", "seti", customer=None, payment_method=None)
    )
    [event] = take_outbox(double.account)
    payload, signature = posted(double, event, app["id"])
    handler = http_handler(stripe_event_routes(receiver(api)))
    route = f"{APPS}/{app['id']}/stripe/webhook"
    for given, expected in ((signature, 200), ("t=1,v1=00", 400)):
        asked = request("POST", route, json.loads(payload), headers={"stripe-signature": given})
        answer = handler(asked | {"body": payload, "requestContext": _nobody(asked)}, CONTEXT)
        assert answer["statusCode"] == expected, answer["body"]
    double.account.api_keys = set()
    asked = request("POST", route, json.loads(payload), headers={"stripe-signature": signature})
    assert handler(asked | {"body": payload}, CONTEXT)["statusCode"] == 503


def test_a_webhook_that_no_secret_of_ours_can_vouch_for_is_the_senders_fault(api: AppsApi, run: Run) -> None:
    sandbox, app = api.sandbox(), install(api)
    receive = ReceiveStripeEvent(
        NamedApps(run.database),
        api.stripe(),
        run.begin,
        RecordPayment(run.begin, api.run.apps),
        RecordRefund(run.begin),
    )
    handler = http_handler(stripe_event_routes(receive))

    def status(app_id: str, headers: dict[str, str], **body: Any) -> int:
        asked = request("POST", f"{APPS}/{app_id}/stripe/webhook", {}, headers=headers)
        answered: int = handler(asked | body, CONTEXT)["statusCode"]
        return answered

    forged = {"stripe-signature": "t=1,v1=00"}
    assert status(app["id"], {"stripe-signature": "t=1,v1=é"}) == 400
    assert status(app["id"], {}) == 400
    assert status(app["id"], forged, body="/w==", isBase64Encoded=True) == 400
    assert status(sandbox["id"], forged) == 404
    SecretsManagerWriter().forget(run.namespace, app["id"])
    assert status(app["id"], {"stripe-signature": "t=1,v1=é"}) == 400


def _nobody(asked: dict[str, Any]) -> dict[str, Any]:
    """The context of a request that passed no authorizer."""
    return {name: part for name, part in asked["requestContext"].items() if name != "authorizer"}
