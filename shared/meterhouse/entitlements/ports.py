"""What the use cases of this room need from their stores and from the rooms below."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from meterhouse.catalog.feature import Feature
from meterhouse.customers.model import Customer
from meterhouse.customers.subject import Subject
from meterhouse.entitlements.entitlement import Entitlement, EntitlementType
from meterhouse.entitlements.grant import Grant
from meterhouse.entitlements.usage_period import ManualReset
from meterhouse.metering.model import Meter


class EntitlementOrder(StrEnum):
    CREATED_AT = "createdAt"
    UPDATED_AT = "updatedAt"


class GrantOrder(StrEnum):
    ID = "id"
    CREATED_AT = "createdAt"
    UPDATED_AT = "updatedAt"


@dataclass(frozen=True, slots=True)
class Slice:
    """Which rows of an ordered list; ties of the order are broken by id."""

    order_by: EntitlementOrder | GrantOrder
    limit: int = 100
    offset: int = 0
    descending: bool = False


@dataclass(frozen=True, slots=True)
class EntitlementFilter:
    """All given conditions hold.

    Attributes:
        features: ids or keys.
        active_at: only those that are active then.
    """

    customer_ids: Collection[str] | None = None
    features: Collection[str] | None = None
    types: Collection[EntitlementType] | None = None
    active_at: datetime | None = None
    include_deleted: bool = False


@dataclass(frozen=True, slots=True)
class GrantFilter:
    """All given conditions hold.

    Attributes:
        features: ids or keys.
        include_deleted: also those that are voided at `at`, or whose entitlement was ended.
    """

    at: datetime
    entitlement_id: str | None = None
    customer_ids: Collection[str] | None = None
    features: Collection[str] | None = None
    include_deleted: bool = False


class EntitlementStore(Protocol):
    """Entitlements come with their manual resets."""

    def find(self, entitlement_id: str) -> Entitlement | None:
        """The entitlement of this id, ended or not."""

    def active(self, customer_id: str, feature_key: str, at: datetime) -> Entitlement | None: ...

    def not_over(self, customer_id: str, feature_key: str, at: datetime) -> list[Entitlement]:
        """Those that give access at some instant from `at` on, in order of time."""

    def managed_by(self, subscription_id: str) -> list[Entitlement]:
        """All that a subscription ever brought, over or not, by their start."""

    def page(self, wanted: EntitlementFilter, rows: Slice) -> tuple[list[Entitlement], int]:
        """The rows, and how many there are in all."""

    def add(self, entitlement: Entitlement) -> None: ...

    def update(self, entitlement: Entitlement) -> None:
        """Store its end, its deletion and its count of changes; nothing else changes."""

    def add_reset(self, entitlement_id: str, reset: ManualReset, created_at: datetime) -> None: ...


class GrantStore(Protocol):
    def find(self, grant_id: str) -> Grant | None: ...

    def of_entitlement(self, entitlement_id: str) -> list[Grant]:
        """All of them, voided ones too, by id."""

    def page(self, wanted: GrantFilter, rows: Slice) -> tuple[list[Grant], int]: ...

    def add(self, grants: Iterable[Grant]) -> None: ...

    def void(self, grant: Grant) -> None: ...


class Snapshots(Protocol):
    """The cache of balances."""

    def forget_after(self, entitlement_id: str, at: datetime, changes: int) -> None:
        """Forget what a change at `at` made untrue: snapshots at `at` and later; those before stay.

        `changes` is the count with this change: snapshots of the count before it are stamped with it, and all others
        were void already.
        """


class Customers(Protocol):
    def find(self, id_or_key: str) -> Customer | None:
        """The live customer of this id, else of this key."""

    def by_ids(self, customer_ids: Iterable[str]) -> Mapping[str, Customer]:
        """Customers by id, deleted ones too."""

    def by_keys(self, keys: Iterable[str]) -> Mapping[str, str]:
        """The ids of live customers by key; keys of nobody are left out."""

    def by_subjects(self, subjects: Iterable[str]) -> Mapping[str, str]:
        """The id of the live customer each subject's usage belongs to; subjects of nobody are left out."""


class Subjects(Protocol):
    def find(self, id_or_key: str) -> Subject | None: ...


class Features(Protocol):
    def find(self, id_or_key: str) -> Feature | None:
        """The feature of this id, archived or not, else the live one of this key."""


class Meters(Protocol):
    def by_ids(self, meter_ids: Iterable[str]) -> Mapping[str, Meter]: ...


class Store(Protocol):
    """Everything a use case of this room may touch inside its transaction."""

    @property
    def entitlements(self) -> EntitlementStore: ...
    @property
    def grants(self) -> GrantStore: ...
    @property
    def snapshots(self) -> Snapshots: ...
    @property
    def customers(self) -> Customers: ...
    @property
    def subjects(self) -> Subjects: ...
    @property
    def features(self) -> Features: ...
    @property
    def meters(self) -> Meters: ...
