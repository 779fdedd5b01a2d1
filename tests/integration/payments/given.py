"""Apps over HTTP on the real database, with the emulator's secrets, and somebody to connect to."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from aws_lambda_powertools.event_handler.api_gateway import Router

from meterhouse.billing.confirm_sync import ConfirmSync
from meterhouse.billing.installed_app import AppType, InstalledApp, StripeConfig
from meterhouse.billing.profile import Party
from meterhouse.billing.profiles import ProfileService
from meterhouse.billing.record_payment import RecordPayment
from meterhouse.customers.model import Address
from meterhouse.customers.ports import CustomerPorts
from meterhouse.customers.postgres import PostgresCustomers
from meterhouse.customers.service import CustomerService
from meterhouse.kernel.errors import InvalidInput, Problem, Unavailable
from meterhouse.payments.api import routes
from meterhouse.payments.apps import AppService
from meterhouse.payments.custom_callbacks import CustomCallbacks
from meterhouse.payments.customer_apps import CustomerAppService
from meterhouse.payments.customer_data import Facts, StripeCustomer
from meterhouse.payments.install_app import InstallApp
from meterhouse.payments.ports import Account, Connector, Heard
from meterhouse.payments.postgres import PostgresPayments
from meterhouse.payments.secretsmanager import SecretsManager
from meterhouse.payments.secretsmanager_writer import SecretsManagerWriter
from meterhouse.payments.stripe import StripeApps
from meterhouse.payments.stripe_api import StripeSettings
from meterhouse.payments.stripe_links import StripeLinks
from meterhouse.payments.stripe_sessions import StripeSessions
from meterhouse.platform.ids import new_id
from meterhouse.platform.postgres import begins
from meterhouse.platform.postgres_transaction import Transaction
from meterhouse.subscriptions.for_customers import PostgresCustomerSubscriptions
from tests.integration.billing.given import Api

APPS = "/api/v1/apps"
LISTINGS = "/api/v1/marketplace/listings"
CUSTOMERS = "/api/v1/customers"


@dataclass
class Somebody:
    """`meterhouse.payments.ports.Connector`: keys "key/<account>#…" open accounts, customers "cus_…" exist."""

    connected: dict[str, str] = field(default_factory=dict)
    supplier: Party | None = field(default_factory=lambda: Party(name="Acme", address=Address(country="DE")))
    is_down: bool = False

    def account_of(self, api_key: str) -> Account:
        head, _, account = api_key.partition("/")
        if head != "key":
            raise InvalidInput("the key opens nothing", [Problem("", "unknown_key", "it opens nothing")])
        config = StripeConfig(account.partition("#")[0], livemode=False, masked_api_key="key/…")
        return Account(config, self.supplier)

    def connect(self, _namespace: str, app_id: str, api_key: str) -> Mapping[str, str]:
        if self.is_down:
            raise Unavailable("nobody answers")
        self.connected[app_id] = api_key
        return {"api_key": api_key, "webhook_secret": "w"}

    def settle(self, app_id: str, credentials: Mapping[str, str]) -> None:
        assert self.connected[app_id] == credentials["api_key"]

    def disconnect(self, _namespace: str, app_id: str) -> None:
        self.connected.pop(app_id, None)

    def heard_of(self, _namespace: str, _app: InstalledApp, facts: Facts) -> Heard:
        if isinstance(facts, StripeCustomer) and not facts.stripe_customer_id.startswith("cus_"):
            return Heard([Problem("/stripeCustomerId", "unknown_stripe_customer", "nobody there")])
        return Heard()


def customer_ports(transaction: Transaction) -> CustomerPorts:
    return CustomerPorts(PostgresCustomers(transaction), PostgresCustomerSubscriptions(transaction), [])


@dataclass
class AppsApi(Api):
    somebody: Somebody = field(default_factory=Somebody)
    connector: Connector | None = None
    """In the place of `somebody`."""
    settings: StripeSettings = field(default_factory=StripeSettings)

    def stripe(self) -> StripeApps:
        database = self.run.database
        links = StripeLinks(begins(database, PostgresPayments), database.ended, lambda: self.run.now)
        return StripeApps(links, SecretsManager(), lambda: self.settings, lambda: self.run.now)

    def routers(self) -> Sequence[Router]:
        run = self.run

        def now() -> Any:
            return run.now

        begin, store, apps = run.begin, begins(run.database, PostgresPayments), run.directory
        secrets, connectors = (
            SecretsManagerWriter(),
            dict[AppType, Connector]({AppType.STRIPE: self.connector or self.somebody}),
        )
        profiles = ProfileService(begin, apps, now, new_id)
        callbacks = CustomCallbacks(
            begin, apps, ConfirmSync(begin, run.apps, now), RecordPayment(begin, run.apps, now), now
        )
        ours = routes(
            AppService(store, secrets, connectors, now, new_id),
            InstallApp(store, profiles, secrets, connectors, now, new_id),
            CustomerAppService(store, connectors, now),
            callbacks,
            StripeSessions(store, CustomerService(begins(run.database, customer_ports)), self.stripe()),
        )
        return (*ours, *super().routers())

    def install(self, kind: str, **wish: object) -> Any:
        return self.ok("POST", f"{LISTINGS}/{kind}/install", wish)["app"]

    def install_account(self, account: str = "acct_1", **wish: object) -> Any:
        return self.ok("POST", f"{LISTINGS}/stripe/install/apikey", {"apiKey": f"key/{account}"} | wish)["app"]

    def one_app(self, app_id: str, **changes: object) -> dict[str, Any]:
        """A profile of one app."""
        supplier = {"name": "House", "addresses": [{"country": "DE"}]}
        apps = dict.fromkeys(("tax", "invoicing", "payment"), app_id)
        return {"name": "Own", "supplier": supplier, "default": False, "workflow": {}, "apps": apps} | changes

    def sandbox(self) -> Any:
        return self.ok("GET", APPS)["items"][0]
