"""Invoice runs whose customers are invoiced by Stripe: the double in this process, the database the real one."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from stripe import StripeClient

from localstack.stripe.account import Obj
from localstack.stripe.server import take_outbox
from localstack.stripe.service import Stripe
from localstack.stripe.webhooks import signed
from meterhouse.billing.app import Apps
from meterhouse.billing.batch import Outcome
from meterhouse.billing.drive_invoice import DriveInvoice
from meterhouse.billing.dunning import Dunning
from meterhouse.billing.installed_app import AppStatus, AppType, InstalledApp, StripeConfig
from meterhouse.billing.invoice import Invoice
from meterhouse.billing.override import CustomerOverride
from meterhouse.billing.profile import CollectionMethod, Profile
from meterhouse.billing.record_payment import RecordPayment
from meterhouse.billing.record_refund import RecordRefund
from meterhouse.customers.model import Address
from meterhouse.payments.customer_data import StripeCustomer
from meterhouse.payments.installed_apps import InstalledApps
from meterhouse.payments.named_app import NamedApps
from meterhouse.payments.postgres import PostgresApps, PostgresPayments
from meterhouse.payments.stripe import API_KEY, WEBHOOK_SECRET, StripeApps
from meterhouse.payments.stripe_api import StripeSettings
from meterhouse.payments.stripe_events import EVENTS, SETUP_SUCCEEDED, Received, ReceiveStripeEvent
from meterhouse.payments.stripe_links import StripeLinks
from meterhouse.platform.ids import new_id
from meterhouse.platform.postgres import begins
from tests.integration.billing.conftest import AFTER_JANUARY, Run
from tests.integration.billing.launched import Launched
from tests.unit.billing.samples import NOW, PROFILE

KEY = "sk_test_double"
CONFIG = StripeConfig("acct_double", livemode=False, masked_api_key="sk_test_***")
PAYS_LATER: dict[str, Any] = {"collection_method": CollectionMethod.SEND_INVOICE}
UNTAXED: dict[str, Any] = {"tax_enabled": False}
BERLIN = Address(country="DE", city="Berlin", postal_code="10115")


class KeptInADict(dict[str, Mapping[str, str]]):
    """`meterhouse.payments.ports.Secrets` and `SecretKeeper`."""

    def of(self, _namespace: str, app_id: str) -> Mapping[str, str]:
        return self[app_id]

    def keep(self, _namespace: str, app_id: str, credentials: Mapping[str, str]) -> None:
        self[app_id] = credentials

    def forget(self, _namespace: str, app_id: str) -> None:
        self.pop(app_id, None)


@dataclass
class StripeRun(Run):
    """A namespace with a Stripe app; `card` pays for its customers."""

    double: Stripe = field(default_factory=Stripe)
    url: str = ""
    secrets: KeptInADict = field(default_factory=KeptInADict)

    def __post_init__(self) -> None:
        super().__post_init__()
        self.links = StripeLinks(begins(self.database, PostgresPayments), self.database.ended, lambda: self.now)
        self.double.account.now = self.seconds
        self.stripe_apps = StripeApps(self.links, self.secrets, lambda: StripeSettings(self.url), lambda: self.now)
        self.installed = InstalledApp(new_id(), AppType.STRIPE, "Stripe", NOW, NOW, config=CONFIG)
        with self.database.transaction(self.namespace) as transaction:
            PostgresApps(transaction).add(self.installed)
            transaction.commit()
        wanted: Any = {"url": f"http://127.0.0.1:1/{self.installed.id}", "enabled_events": list(EVENTS)}
        endpoint = self.client.v1.webhook_endpoints.create(wanted)
        self.secrets[self.installed.id] = {API_KEY: KEY, WEBHOOK_SECRET: str(endpoint.secret)}

    def seconds(self) -> float:
        return self.now.timestamp()

    @property
    def client(self) -> StripeClient:
        return StripeClient(KEY, base_addresses={"api": self.url})

    @property
    def apps(self) -> Apps:
        return InstalledApps(begins(self.database, PostgresApps), {AppType.STRIPE: self.stripe_apps})

    def buyer(
        self, key: str, card: str | None = "pm_card_visa", address: Address | None = BERLIN, **workflow: Any
    ) -> str:
        """A customer whose profile has the Stripe app, who is a customer there, with a card."""
        ours = self.customer(key)
        self.pin(ours, **workflow)
        given: Any = {"name": key}
        if address is not None:
            given["address"] = {"country": address.country or "", "postal_code": address.postal_code or ""}
        theirs = self.client.v1.customers.create(given)
        if card:
            method = self.client.v1.payment_methods.attach(card, {"customer": theirs.id})
            self.client.v1.customers.update(theirs.id, {"invoice_settings": {"default_payment_method": method.id}})
        self.links.link(self.namespace, self.installed.id, ours, StripeCustomer(theirs.id))
        return ours

    def pin(self, customer_id: str, **workflow: Any) -> None:
        spec = replace(PROFILE.spec, is_default=False, workflow=replace(PROFILE.spec.workflow, **workflow))
        profile = Profile(new_id(), spec, self.installed.id, NOW, NOW)
        with self.begin(self.namespace) as work:
            work.store.profiles.add(profile)
            work.store.overrides.save(CustomerOverride(customer_id, profile.id, NOW, NOW))
            work.commit()

    @contextmanager
    def revoked(self) -> Iterator[None]:
        """While Stripe does not take the app's key."""
        kept = self.secrets[self.installed.id]
        self.secrets[self.installed.id] = {**kept, API_KEY: "sk_test_revoked"}
        yield
        self.secrets[self.installed.id] = kept

    def app_status(self) -> AppStatus:
        with self.database.transaction(self.namespace) as transaction:
            return PostgresApps(transaction).by_ids([self.installed.id])[self.installed.id].status

    def leave(self, customer_id: str, card: str) -> Received:
        """The customer leaves this card on a page of Stripe's a minute later, and we are told."""
        self.now += timedelta(minutes=1)
        intent = self.client.v1.setup_intents.create({"customer": str(self.at(customer_id))})
        self.client.v1.setup_intents.confirm(intent.id, {"payment_method": card})
        return self.deliver(next(one for one in self.events() if one["type"] == SETUP_SUCCEEDED))

    def at(self, customer_id: str) -> str | None:
        """Who the customer is at Stripe."""
        found = self.links.of(self.namespace, self.installed.id, customer_id)
        return None if found is None else found.stripe_customer_id

    def advance(self, as_of: datetime = AFTER_JANUARY) -> Outcome:
        """The run's step, and then the workflows of invoices that it starts."""
        outcome = super().advance(as_of)
        self._live()
        return outcome

    def all(self, as_of: datetime = AFTER_JANUARY) -> Outcome:
        """The run, and then the workflows of invoices that it starts."""
        outcome = super().all(as_of)
        self._live()
        return outcome

    def _live(self) -> None:
        started, self.lifecycles = self.lifecycles, Launched()
        drive = DriveInvoice(self.begin, self.usage, self.apps, Dunning(), lambda: self.now)
        for given in started.runs.values():
            drive(self.namespace, given["invoiceId"])

    def invoice(self) -> Invoice:
        [found] = self.invoices()
        return found

    def last_reason(self) -> str | None:
        """Why the invoice took its last step."""
        query = "SELECT reason FROM invoice_transitions WHERE namespace = %(namespace)s ORDER BY number DESC LIMIT 1"
        reason: str | None = self.rows(query)[0]["reason"]
        return reason

    def at_stripe(self) -> list[Obj]:
        """Invoices of the double that are of this namespace's customers."""
        linked = {self.at(customer) for customer in self.batch().ids}
        return [row for row in self.double.account.of("invoice").values() if row["customer"] in linked]

    @property
    def receive(self) -> ReceiveStripeEvent:
        return ReceiveStripeEvent(
            NamedApps(self.database),
            self.stripe_apps,
            self.begin,
            RecordPayment(self.begin, self.apps, lambda: self.now),
            RecordRefund(self.begin, lambda: self.now),
            lambda: self.now,
        )

    def events(self) -> list[Obj]:
        """Those that happened since the last call and that our endpoint asked for."""
        return [event for event in take_outbox(self.double.account) if event["type"] in EVENTS]

    def deliver(self, event: Obj, age: int = 0) -> Received:
        return self.receive(self.installed.id, *posted(self.double, event, self.installed.id, age))


def posted(double: Stripe, event: Obj, app_id: str, age: int = 0) -> tuple[str, str]:
    """Body and signature of the event as Stripe posts it for the app, signed `age` seconds ago."""
    stamp = int(time.time()) - age  # noqa: TID251 - the package reads the clock, too
    [post] = [one for one in signed(double.account, event, stamp) if app_id in one.url]
    return post.payload, post.header


def issued(shop: StripeRun, card: str | None = "pm_card_visa", **workflow: Any) -> str:
    """The state of a month's invoice of 43.50 before taxes after one run."""
    buyer = shop.buyer("ann", card, **workflow)
    shop.subscribe(buyer)
    shop.used(buyer, "2024-01-01", "7")
    shop.all()
    return state(shop)


def state(shop: StripeRun) -> str:
    return shop.invoice().state.value
