"""What the use cases of this room need: one transaction's store, and those behind apps."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from meterhouse.billing.installed_app import AppType, InstalledApp, StripeConfig
from meterhouse.billing.ports import PageOf
from meterhouse.billing.profile import Party
from meterhouse.customers.model import Customer
from meterhouse.kernel.errors import Problem
from meterhouse.payments.customer_data import CustomerData, Facts, StripeCustomer


class AppStore(Protocol):
    def by_ids(self, app_ids: Collection[str]) -> Mapping[str, InstalledApp]:
        """Apps by id, uninstalled ones too; unknown ids are left out."""

    def of_type(self, kind: AppType) -> list[InstalledApp]:
        """Those that are installed, by creation."""

    def page(self, page: PageOf) -> tuple[list[InstalledApp], int]:
        """One page of those that are installed, by creation, and how many there are."""

    def add(self, app: InstalledApp) -> None:
        """Add it; one of this id that exists stays as it is."""

    def refuse(self, app: InstalledApp, at: datetime) -> bool:
        """Write that nobody takes its credentials, unless it was changed since it was read; whether it was written."""

    def save(self, app: InstalledApp) -> None: ...


class AppUse(Protocol):
    def is_used(self, app_id: str) -> bool:
        """Whether a live profile names it, an invoice that is not at its end, or a pending credit note's."""

    def has_default(self) -> bool:
        """Whether there is a default profile; the first one comes by itself, with the sandbox as its app."""


class CustomersOfApps(Protocol):
    def of_customer(self, customer_id: str) -> list[CustomerData]:
        """What installed apps know of a customer, by creation."""

    def of_stripe_customer(self, app_id: str, stripe_customer_id: str) -> CustomerData | None:
        """Whom a customer of Stripe's is here."""

    def put(self, data: CustomerData) -> None:
        """Put it in place of what the app knew."""

    def remove(self, customer_id: str, app_id: str) -> bool:
        """Whether there was anything."""


class Customers(Protocol):
    def find(self, id_or_key: str) -> Customer | None:
        """The live customer; by key, or by id."""

    def by_ids(self, customer_ids: Iterable[str]) -> Mapping[str, Customer]:
        """Customers by id, deleted ones too."""


class PaymentsStore(Protocol):
    @property
    def apps(self) -> AppStore: ...
    @property
    def use(self) -> AppUse: ...
    @property
    def data(self) -> CustomersOfApps: ...
    @property
    def customers(self) -> Customers: ...


class Secrets(Protocol):
    """Credentials of installed apps, by the app's id; they are nowhere else, in no row and no log."""

    def of(self, namespace: str, app_id: str) -> Mapping[str, str]:
        """Raises `InvariantBroken` where none are kept, and `Unavailable`."""


class SecretKeeper(Protocol):
    """Who installs and uninstalls apps writes their credentials; every call may be repeated. Raises `Unavailable`."""

    def keep(self, namespace: str, app_id: str, credentials: Mapping[str, str]) -> None:
        """Keep these in place of others."""

    def forget(self, namespace: str, app_id: str) -> None: ...


@dataclass(frozen=True, slots=True)
class Account:
    """What a key opens, and who sells by it, where that is known."""

    config: StripeConfig
    supplier: Party | None = None


@dataclass(frozen=True, slots=True)
class Heard:
    """What whoever is behind an app says of facts of a customer.

    Attributes:
        problems: what speaks against the facts, by pointers into them.
        default_method_id: the payment method that is charged where nothing is named.
    """

    problems: Sequence[Problem] = ()
    default_method_id: str | None = None


class Connector(Protocol):
    """The way to an app with somebody behind it; every call may be repeated for the same app."""

    def account_of(self, api_key: str) -> Account:
        """What the key opens.

        Raises:
            InvalidInput: it opens nothing; the faults are at "", the key itself.
            Unavailable: nobody answers.
        """

    def connect(self, namespace: str, app_id: str, api_key: str) -> Mapping[str, str]:
        """Have events sent to us; the credentials to keep, the key among them. Those that are kept still work.

        Raises:
            InvalidInput: the key may not; faults as above.
            Unavailable: nobody answers.
        """

    def settle(self, app_id: str, credentials: Mapping[str, str]) -> None:
        """Have events sent by what these credentials, kept now, stand for, and by nothing older.

        Raises:
            InvalidInput, Unavailable: as `connect`; events are sent nevertheless.
        """

    def disconnect(self, namespace: str, app_id: str) -> None:
        """Have no more events sent; what cannot be reached any more is left alone."""

    def heard_of(self, namespace: str, app: InstalledApp, facts: Facts) -> Heard:
        """What is known there of whom the facts are of. Raises `Unavailable`."""


class StripeCustomers(Protocol):
    """Whom an app of ours at Stripe knows our customers as, and whether it is let in there."""

    def unauthorized(self, namespace: str, app: InstalledApp) -> None:
        """Say so of the app, unless it was changed since it was read as `app`.

        It is said once the transaction that is open has ended, also where that changes nothing.
        """

    def of(self, namespace: str, app_id: str, customer_id: str) -> StripeCustomer | None: ...

    def by_stripe_id(self, namespace: str, app_id: str, stripe_customer_id: str) -> str | None:
        """The id of our customer."""

    def link(self, namespace: str, app_id: str, customer_id: str, customer: StripeCustomer) -> None:
        """Keep this in place of what was known.

        Raises:
            Conflict: `stripe_customer_taken`: it is another customer of ours already.
        """

    def set_up(
        self, namespace: str, app_id: str, customer_id: str, customer: StripeCustomer, tell: Callable[[], object]
    ) -> bool:
        """Keep the payment method of a setup, and `tell` of it before; False, and neither, where it is outrun."""
