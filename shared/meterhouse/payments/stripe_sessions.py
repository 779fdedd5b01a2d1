"""Pages at Stripe for our customers: one to leave a payment method, one to manage what they have there."""

from __future__ import annotations

from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from meterhouse.billing.installed_app import AppType, InstalledApp
from meterhouse.customers.model import Customer, CustomerDetails
from meterhouse.kernel.errors import Conflict, InvalidInput, NotFound, Problem, Unavailable
from meterhouse.payments.customer_data import StripeCustomer
from meterhouse.payments.stripe_api import UNAUTHORIZED, StripeRefusal, answers, once

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import stripe

    from meterhouse.customers.service import CustomerService
    from meterhouse.payments.ports import PaymentsStore
    from meterhouse.payments.stripe import StripeApps
    from meterhouse.platform.work import Begin

CUSTOMER = "meterhouse_customer"
"""Key of the metadata of a customer at Stripe: the id of ours."""


@dataclass(frozen=True, slots=True)
class CheckoutWish:
    """Whose payment method is to be left.

    Attributes:
        customer: an id or key, or a customer to be made.
        stripe_customer_id: who the customer is at Stripe; None: whoever is known, or somebody new.
        options: Stripe's own parameters of the session.
    """

    customer: str | CustomerDetails
    options: Mapping[str, Any]
    app_id: str | None = None
    stripe_customer_id: str | None = None


@dataclass(frozen=True, slots=True)
class Checkout:
    customer_id: str
    session: stripe.checkout.Session


class StripeSessions:
    def __init__(self, begin: Begin[PaymentsStore], customers: CustomerService, apps: StripeApps) -> None:
        self._begin = begin
        self._customers = customers
        self._apps = apps

    def checkout(self, namespace: str, wish: CheckoutWish) -> Checkout:
        """A page where the customer leaves a payment method, which becomes the one that is charged.

        Raises:
            NotFound: there is no such customer, or no Stripe app.
            InvalidInput: what Stripe refuses.
            Conflict: several Stripe apps are installed and none was named, the customer's key is taken, or
                `stripe_customer_taken`: the customer of Stripe's is another of ours.
            Unavailable: Stripe does not answer.
            A customer that was to be made for it is not there then.
        """
        app = self._app(namespace, wish.app_id)
        if not isinstance(wish.customer, CustomerDetails):
            return self._checkout(namespace, app, self._customer(namespace, wish.customer), wish)
        with self._begin(namespace) as work:
            customer = self._customers.create(namespace, wish.customer).customer
            try:
                made = self._checkout(namespace, app, customer, wish)
            except (InvalidInput, Unavailable):
                if wish.stripe_customer_id is None:
                    self._unmake(namespace, app, customer)
                raise
            work.commit()
        return made

    def portal(self, namespace: str, id_or_key: str, options: Mapping[str, str]) -> stripe.billing_portal.Session:
        """A page where the customer sees invoices and changes payment methods.

        Raises:
            NotFound: there is no such customer, no Stripe app, or the customer is nobody at Stripe.
            InvalidInput, Conflict, Unavailable: as `checkout`.
        """
        app, customer = self._app(namespace, None), self._customer(namespace, id_or_key)
        theirs = self._apps.customers.of(namespace, app.id, customer.id)
        if theirs is None:
            raise NotFound("Stripe data of customer", id_or_key)
        with self._told(namespace, app, ""):
            parameters: Any = {"customer": theirs.stripe_customer_id, **options}
            return self._apps.client(namespace, app).v1.billing_portal.sessions.create(parameters)

    def _checkout(self, namespace: str, app: InstalledApp, customer: Customer, wish: CheckoutWish) -> Checkout:
        with self._told(namespace, app, "/customer"):
            client = self._apps.client(namespace, app)
            theirs = self._linked(client, namespace, app, customer, wish.stripe_customer_id)
        with self._told(namespace, app, "/options"):
            parameters: Any = {"mode": "setup", "customer": theirs.stripe_customer_id, **wish.options}
            return Checkout(customer.id, client.v1.checkout.sessions.create(parameters))

    def _unmake(self, namespace: str, app: InstalledApp, customer: Customer) -> None:
        """Nobody is at Stripe for a customer that is not there; where Stripe does not do it, somebody unused stays."""
        with suppress(StripeRefusal, Unavailable), answers():
            theirs = self._apps.customers.of(namespace, app.id, customer.id)
            if theirs is not None:
                self._apps.client(namespace, app).v1.customers.delete(theirs.stripe_customer_id)

    @contextmanager
    def _told(self, namespace: str, app: InstalledApp, field: str) -> Iterator[None]:
        """What Stripe refuses, as a fault of what was sent; a key that was revoked is no field's."""
        try:
            with answers():
                yield
        except StripeRefusal as refusal:
            self._apps.refused(namespace, app, refusal)
            pointer = "" if refusal.code == UNAUTHORIZED else field
            raise InvalidInput("Stripe refuses", [Problem(pointer, refusal.code, refusal.message)]) from refusal

    def _app(self, namespace: str, app_id: str | None) -> InstalledApp:
        with self._begin(namespace) as work:
            installed = work.store.apps.of_type(AppType.STRIPE)
        named = [app for app in installed if app_id in (None, app.id)]
        if not named:
            raise NotFound("Stripe app", app_id or AppType.STRIPE.value)
        if len(named) > 1:
            raise Conflict("several Stripe apps are installed: tell one of them by its id", "several_stripe_apps")
        return named[0]

    def _customer(self, namespace: str, wanted: str) -> Customer:
        found = self._customers.get(namespace, wanted).customer
        if found.deleted_at is not None:
            raise NotFound("customer", wanted)
        return found

    def _linked(
        self, client: stripe.StripeClient, namespace: str, app: InstalledApp, customer: Customer, wanted: str | None
    ) -> StripeCustomer:
        known = self._apps.customers.of(namespace, app.id, customer.id)
        if known is not None and wanted in (None, known.stripe_customer_id):
            return known
        stripe_id = _made(client, customer) if wanted is None else self._existing(client, namespace, app, wanted)
        linked = StripeCustomer(stripe_id)
        self._apps.customers.link(namespace, app.id, customer.id, linked)
        return linked

    def _existing(self, client: stripe.StripeClient, namespace: str, app: InstalledApp, stripe_id: str) -> str:
        with self._told(namespace, app, "/stripeCustomerId"):
            found = client.v1.customers.retrieve(stripe_id)
        if getattr(found, "deleted", None):
            message = "the customer was deleted at Stripe"
            raise InvalidInput(message, [Problem("/stripeCustomerId", "stripe_customer_deleted", message)])
        return found.id


def _made(client: stripe.StripeClient, customer: Customer) -> str:
    """A customer at Stripe for ours; a repeat within a day finds the one that was made."""
    details: stripe.params.CustomerCreateParams = {"name": customer.name, "metadata": {CUSTOMER: customer.id}}
    if customer.details.primary_email is not None:
        details["email"] = customer.details.primary_email
    if customer.details.billing_address is not None:
        details["address"] = _address(customer)
    key = f"customer/{customer.id}/{customer.updated_at.isoformat()}"
    return once(key, lambda one: client.v1.customers.create(details, {"idempotency_key": one})).id


def _address(customer: Customer) -> stripe.params.CustomerCreateParamsAddress:
    address, known = customer.details.billing_address, dict[str, str | None]()
    if address is not None:
        known = {
            "country": address.country,
            "postal_code": address.postal_code,
            "state": address.state,
            "city": address.city,
            "line1": address.line1,
            "line2": address.line2,
        }
    given: Any = {name: value for name, value in known.items() if value}
    typed: stripe.params.CustomerCreateParamsAddress = given
    return typed
