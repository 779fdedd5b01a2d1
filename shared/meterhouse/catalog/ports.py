"""What the use cases of this room need from their stores."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from meterhouse.catalog.feature import Feature
from meterhouse.catalog.plan import Plan, PlanStatus
from meterhouse.kernel.errors import Problem
from meterhouse.metering.aggregation import Aggregation


class FeatureOrder(StrEnum):
    ID = "id"
    KEY = "key"
    NAME = "name"
    CREATED_AT = "createdAt"
    UPDATED_AT = "updatedAt"


class PlanOrder(StrEnum):
    ID = "id"
    KEY = "key"
    VERSION = "version"
    CREATED_AT = "created_at"
    UPDATED_AT = "updated_at"


@dataclass(frozen=True, slots=True)
class Slice:
    """Which rows of an ordered list; ties of the order are broken by id."""

    order_by: FeatureOrder | PlanOrder
    limit: int = 100
    offset: int = 0
    descending: bool = False


@dataclass(frozen=True, slots=True)
class FeatureFilter:
    meter_slugs: Sequence[str] | None = None
    include_archived: bool = False


@dataclass(frozen=True, slots=True)
class PlanFilter:
    """All given conditions hold; `key_versions` asks for any of the versions of any of its keys."""

    at: datetime
    ids: Sequence[str] | None = None
    keys: Sequence[str] | None = None
    key_versions: Mapping[str, Sequence[int]] | None = None
    statuses: Sequence[PlanStatus] | None = None
    currencies: Sequence[str] | None = None
    include_deleted: bool = False


class FeatureStore(Protocol):
    def find(self, id_or_key: str) -> Feature | None:
        """The feature of this id, archived or not, else the live one of this key."""

    def by_keys(self, keys: Collection[str]) -> dict[str, Feature]:
        """For each key the live feature, or the one archived last."""

    def page(self, wanted: FeatureFilter, rows: Slice) -> tuple[list[Feature], int]:
        """The rows, and how many there are in all."""

    def add(self, feature: Feature) -> bool:
        """Write a new feature; False when a live one has its key."""

    def archive(self, feature: Feature) -> None: ...


class PlanStore(Protocol):
    def find(self, plan_id: str) -> Plan | None:
        """The plan of this id, deleted or not."""

    def of_key(self, key: str, version: int | None, at: datetime) -> Plan | None:
        """The `version` of a key, or without one the version that is active at `at`; never a deleted one."""

    def latest(self, key: str) -> Plan | None:
        """The highest version that is not deleted."""

    def draft(self, key: str) -> Plan | None: ...

    def last_version(self, key: str) -> int:
        """The highest version ever given to the key, deleted ones too; 0 for a new key."""

    def selling(self, feature_key: str, at: datetime) -> list[Plan]:
        """Plans, active or scheduled at `at`, with a rate card for the feature."""

    def page(self, wanted: PlanFilter, rows: Slice) -> tuple[list[Plan], int]: ...

    def add(self, plan: Plan) -> None: ...

    def update(self, plan: Plan) -> None: ...


class KnownMeter(Protocol):
    """What the catalog needs to know of a meter."""

    @property
    def id(self) -> str: ...
    @property
    def slug(self) -> str: ...
    @property
    def group_by(self) -> Mapping[str, str]: ...
    @property
    def aggregation(self) -> Aggregation: ...


class Meters(Protocol):
    def find(self, id_or_slug: str) -> KnownMeter | None:
        """The live meter of this id or slug."""

    def by_ids(self, meter_ids: Collection[str]) -> Mapping[str, KnownMeter]:
        """Meters by id, deleted ones too."""


class FeatureGuard(Protocol):
    """What a room above cannot bear; it answers in the transaction of the change."""

    def against_archiving(self, feature_key: str, at: datetime) -> Sequence[Problem]:
        """Why the live feature of this key must stay, each with its code; nothing if it may go."""


class FeatureUse(Protocol):
    """What a room above goes on measuring; it answers in the transaction of the change."""

    def still_used(self, namespace: str, feature_ids: Collection[str]) -> Collection[str]:
        """Which of these archived features something still measures by."""


class CatalogStore(Protocol):
    @property
    def features(self) -> FeatureStore: ...
    @property
    def plans(self) -> PlanStore: ...
    @property
    def meters(self) -> Meters: ...
    @property
    def guards(self) -> Sequence[FeatureGuard]: ...
