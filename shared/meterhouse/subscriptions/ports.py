"""What the use cases of this room need inside one transaction."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from meterhouse.catalog.feature import Feature
from meterhouse.catalog.known_currencies import Currencies
from meterhouse.catalog.known_features import Meters
from meterhouse.catalog.known_tax_codes import TaxCodes
from meterhouse.catalog.plan import Plan
from meterhouse.customers.model import Customer
from meterhouse.entitlements.holder import Shown
from meterhouse.kernel.errors import Problem
from meterhouse.subscriptions.model import Subscription


class Subscriptions(Protocol):
    def find(self, subscription_id: str) -> Subscription | None: ...
    def of_customer(self, customer_id: str) -> list[Subscription]: ...
    def add(self, subscription: Subscription) -> None: ...
    def update(self, before: Subscription, after: Subscription) -> None:
        """Write what differs: of phases and items, too, those added, changed and removed."""


class Customers(Protocol):
    def find(self, id_or_key: str) -> Customer | None: ...
    def update(self, customer: Customer) -> None: ...


class Plans(Protocol):
    def of_key(self, key: str, version: int | None, at: datetime) -> Plan | None:
        """The plan's `version`, or without one the version that is active at `at`."""


class Features(Protocol):
    def by_ids(self, feature_ids: Collection[str]) -> Mapping[str, Feature]:
        """Features by id, archived ones too."""

    def by_keys(self, keys: Collection[str]) -> Mapping[str, Feature]:
        """For each key the live feature, or the one archived last."""


class SubscriptionSettings(Protocol):
    """What a namespace has settled for all its customers."""

    def allows_several(self) -> bool:
        """Whether a customer may have several subscriptions at a time; it stays so until the transaction ends."""

    def allow_several(self, at: datetime, *, is_allowed: bool) -> bool:
        """Settle it; False, and nothing settled, when customers have several that would have to be one."""


class EditGuard(Protocol):
    """What keeps a subscription from being edited; it answers in the transaction of the edit."""

    def against_editing(self, subscription_id: str, at: datetime) -> Sequence[Problem]:
        """Why it must stay as it is, each with its code; nothing if it may be edited."""


class Entitlements(Protocol):
    """What the entitlements room does for subscriptions, in the same transaction."""

    def settle(self, subscription: Subscription) -> None:
        """Bring those that it manages to what it should include as of its last change; the customer is locked.

        Raises:
            Conflict: as `meterhouse.entitlements.settle_managed`.
        """

    def by_item(self, subscription_id: str) -> Mapping[str, Shown]:
        """Those it manages, over or not, by the item they are named by; of one item the latest."""


class SubscriptionStore(Protocol):
    @property
    def subscriptions(self) -> Subscriptions: ...
    @property
    def customers(self) -> Customers: ...
    @property
    def plans(self) -> Plans: ...
    @property
    def features(self) -> Features: ...
    @property
    def tax_codes(self) -> TaxCodes: ...
    @property
    def currencies(self) -> Currencies: ...
    @property
    def entitlements(self) -> Entitlements: ...
    @property
    def meters(self) -> Meters: ...
    @property
    def settings(self) -> SubscriptionSettings: ...
    @property
    def guards(self) -> Sequence[EditGuard]: ...
