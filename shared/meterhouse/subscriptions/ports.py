"""What the use cases of this room need inside one transaction."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Protocol

from meterhouse.catalog.feature import Feature
from meterhouse.catalog.known_features import Meters
from meterhouse.catalog.plan import Plan
from meterhouse.customers.model import Customer
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
    def by_keys(self, keys: Collection[str]) -> Mapping[str, Feature]:
        """For each key the live feature, or the one archived last."""


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
    def meters(self) -> Meters: ...
