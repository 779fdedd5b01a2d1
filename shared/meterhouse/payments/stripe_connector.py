"""The way to a Stripe account: which one a key opens, having it send its events to us, whether a customer is there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from meterhouse.billing.installed_app import StripeConfig
from meterhouse.billing.profile import Party
from meterhouse.customers.model import Address
from meterhouse.kernel.errors import InvalidInput, InvariantBroken, Problem
from meterhouse.payments.customer_data import StripeCustomer
from meterhouse.payments.ports import Account, Heard
from meterhouse.payments.stripe import API_KEY, WEBHOOK_ENDPOINT, WEBHOOK_SECRET
from meterhouse.payments.stripe_api import UNAUTHORIZED, StripeRefusal, StripeSettings, answers, connect
from meterhouse.payments.stripe_events import EVENTS
from meterhouse.payments.stripe_validation import default_method_of
from meterhouse.platform.settings import required

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import stripe

    from meterhouse.billing.installed_app import InstalledApp
    from meterhouse.payments.customer_data import Facts
    from meterhouse.payments.ports import Secrets

T = TypeVar("T")

_APP = "meterhouse_app"
_PREFIX, _SUFFIX = 8, 3


def api_url() -> str:
    """Where Stripe reaches us."""
    return required("API_URL")


class StripeConnector:
    """`meterhouse.payments.ports.Connector`; `refused` hears of refusals of keys that are kept."""

    def __init__(
        self,
        secrets: Secrets,
        refused: Callable[[str, InstalledApp, StripeRefusal], None],
        our_url: Callable[[], str] = api_url,
        settings: Callable[[], StripeSettings] = StripeSettings.from_environment,
    ) -> None:
        self._secrets = secrets
        self._refused = refused
        self._our_url = our_url
        self._settings = settings

    def account_of(self, api_key: str) -> Account:
        found = self._asked(api_key, lambda client: client.v1.accounts.retrieve_current())
        config = StripeConfig(found.id, "_live_" in api_key, f"{api_key[:_PREFIX]}***{api_key[-_SUFFIX:]}")
        profile = getattr(found, "business_profile", None)
        name = getattr(profile, "name", None)
        address = Address(country=getattr(found, "country", None))
        return Account(config, Party(name=name, address=address) if name and address.country else None)

    def connect(self, namespace: str, app_id: str, api_key: str) -> Mapping[str, str]:
        """An endpoint is the account's, not the key's: one that works goes on, with the events that wait for it.

        Else there is a new one beside it, as Stripe tells an endpoint's secret once.
        """
        known = self._known(namespace, app_id)
        wanted: Any = {
            "url": f"{self._our_url()}/api/v1/apps/{app_id}/stripe/webhook",
            "enabled_events": list(EVENTS),
        }

        def brought(client: stripe.StripeClient) -> Mapping[str, str]:
            endpoints = client.v1.webhook_endpoints
            if _works(client, app_id, known):
                endpoints.update(known[WEBHOOK_ENDPOINT], wanted)
                return {**known, API_KEY: api_key}
            _remove_endpoints(client, app_id, known.get(WEBHOOK_ENDPOINT))
            described = {"description": f"Meterhouse, namespace {namespace}", "metadata": {_APP: app_id}}
            made = endpoints.create(wanted | described | {"api_version": _version()})
            return {API_KEY: api_key, WEBHOOK_SECRET: str(made.secret), WEBHOOK_ENDPOINT: made.id}

        return self._asked(api_key, brought)

    def settle(self, app_id: str, credentials: Mapping[str, str]) -> None:
        kept = credentials[WEBHOOK_ENDPOINT]
        self._asked(credentials[API_KEY], lambda client: _remove_endpoints(client, app_id, kept))

    def disconnect(self, namespace: str, app_id: str) -> None:
        try:
            with answers():
                _remove_endpoints(connect(self._secrets.of(namespace, app_id)[API_KEY], self._settings()), app_id)
        except (InvariantBroken, StripeRefusal):
            return  # no key is kept, or it opens nothing any more: nobody can be told

    def heard_of(self, namespace: str, app: InstalledApp, facts: Facts) -> Heard:
        if not isinstance(facts, StripeCustomer):
            return Heard()
        client = connect(self._secrets.of(namespace, app.id)[API_KEY], self._settings())
        try:
            with answers():
                found = client.v1.customers.retrieve(facts.stripe_customer_id)
                return Heard(_problems(client, facts, found), default_method_of(found))
        except StripeRefusal as refusal:
            self._refused(namespace, app, refusal)
            field = "" if refusal.code == UNAUTHORIZED else "/stripeCustomerId"
            return Heard([Problem(field, refusal.code, refusal.message)])

    def _known(self, namespace: str, app_id: str) -> Mapping[str, str]:
        try:
            return self._secrets.of(namespace, app_id)
        except InvariantBroken:
            return {}

    def _asked(self, api_key: str, ask: Callable[[stripe.StripeClient], T]) -> T:
        try:
            with answers():
                return ask(connect(api_key, self._settings()))
        except StripeRefusal as refusal:
            problem = Problem("", refusal.code, refusal.message)
            raise InvalidInput("Stripe does not take the key", [problem]) from refusal


def _problems(client: stripe.StripeClient, facts: StripeCustomer, found: stripe.Customer) -> Sequence[Problem]:
    if getattr(found, "deleted", None):
        return [Problem("/stripeCustomerId", "stripe_customer_deleted", "the customer was deleted at Stripe")]
    if facts.payment_method_id is None:
        return []
    field = "/stripeDefaultPaymentMethodId"
    try:
        with answers():
            method = client.v1.payment_methods.retrieve(facts.payment_method_id)
    except StripeRefusal as refusal:
        if refusal.code == UNAUTHORIZED:
            raise
        return [Problem(field, refusal.code, refusal.message)]
    owner = method.customer if isinstance(method.customer, str) or method.customer is None else method.customer.id
    if owner != facts.stripe_customer_id:
        return [Problem(field, "payment_method_of_another", "the payment method is not this customer's")]
    return []


def _works(client: stripe.StripeClient, app_id: str, known: Mapping[str, str]) -> bool:
    """Whether events still come, in the shapes that we read, to the endpoint whose secret is kept."""
    return any(
        one.id == known.get(WEBHOOK_ENDPOINT) and one.status == "enabled" and one.api_version == _version()
        for one in _endpoints(client, app_id)
    )


def _endpoints(client: stripe.StripeClient, app_id: str) -> list[stripe.WebhookEndpoint]:
    found = client.v1.webhook_endpoints.list({"limit": 100}).auto_paging_iter()
    return [one for one in found if one.metadata.to_dict().get(_APP) == app_id]


def _remove_endpoints(client: stripe.StripeClient, app_id: str, kept: str | None = None) -> None:
    for endpoint in _endpoints(client, app_id):
        if endpoint.id != kept:
            client.v1.webhook_endpoints.delete(endpoint.id)


def _version() -> str:
    """That of the package, whose shapes we read."""
    import stripe  # noqa: PLC0415 - heavy, and loaded already by the client

    return stripe.api_version
