"""What the use cases of this room need from their stores."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol, TypeVar

from meterhouse.catalog.addon import AddonSpec
from meterhouse.catalog.custom_currency import CurrencyCostBasis, CustomCurrency
from meterhouse.catalog.feature import Feature
from meterhouse.catalog.plan import Plan, PlanSpec
from meterhouse.catalog.plan_addon import PlanAddon
from meterhouse.catalog.tax_code import DefaultTaxCodes, TaxCode
from meterhouse.catalog.version import Status, Version
from meterhouse.metering.aggregation import Aggregation


class FeatureOrder(StrEnum):
    ID = "id"
    KEY = "key"
    NAME = "name"
    CREATED_AT = "createdAt"
    UPDATED_AT = "updatedAt"


class VersionOrder(StrEnum):
    ID = "id"
    KEY = "key"
    VERSION = "version"
    CREATED_AT = "created_at"
    UPDATED_AT = "updated_at"


@dataclass(frozen=True, slots=True)
class Slice:
    """Which rows of an ordered list; ties of the order are broken by id."""

    order_by: FeatureOrder | VersionOrder
    limit: int = 100
    offset: int = 0
    descending: bool = False


@dataclass(frozen=True, slots=True)
class FeatureFilter:
    meter_slugs: Sequence[str] | None = None
    include_archived: bool = False


@dataclass(frozen=True, slots=True)
class VersionFilter:
    """`ids`, `keys` and `key_versions` ask for any of what they name, the other conditions hold for all.

    Attributes:
        at: when it has one of the `statuses`.
        key_versions: of each key the versions.
    """

    at: datetime
    ids: Sequence[str] | None = None
    keys: Sequence[str] | None = None
    key_versions: Mapping[str, Sequence[int]] | None = None
    statuses: Sequence[Status] | None = None
    currencies: Sequence[str] | None = None
    include_deleted: bool = False


@dataclass(frozen=True, slots=True)
class PlanAddonFilter:
    """Of one plan's add-ons those that any of these name, by the add-on's id, key or key and version."""

    ids: Sequence[str] | None = None
    keys: Sequence[str] | None = None
    key_versions: Mapping[str, Sequence[int]] | None = None
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


S = TypeVar("S")


class VersionStore(Protocol[S]):
    """The versions of plans, or of add-ons."""

    def find(self, version_id: str) -> Version[S] | None:
        """The version of this id, deleted or not."""

    def of_key(self, key: str, version: int | None, at: datetime) -> Version[S] | None:
        """The `version` of a key, or without one the version that is active at `at`; never a deleted one."""

    def latest(self, key: str) -> Version[S] | None:
        """The highest version that is not deleted."""

    def draft(self, key: str) -> Version[S] | None: ...

    def last_version(self, key: str) -> int:
        """The highest version ever given to the key, deleted ones too; 0 for a new key."""

    def selling(self, feature_key: str, at: datetime) -> list[Version[S]]:
        """Those active or scheduled at `at` with a rate card for the feature."""

    def page(self, wanted: VersionFilter, rows: Slice) -> tuple[list[Version[S]], int]: ...

    def add(self, version: Version[S]) -> None: ...

    def update(self, version: Version[S]) -> None: ...


class PlanAddonStore(Protocol):
    """Which plans sell which add-ons. What is deleted is found by `page` alone."""

    def of_plans(self, plan_ids: Collection[str]) -> list[PlanAddon]:
        """All that these plans sell, in the order in which it was added."""

    def find(self, plan_id: str, addon_id: str) -> PlanAddon | None: ...

    def of_key(self, plan_id: str, addon_key: str) -> PlanAddon | None:
        """The highest version of the key that the plan sells."""

    def was_sold(self, plan_id: str, addon_id: str) -> bool:
        """Whether the plan sold the add-on once and does no longer."""

    def plans_with(self, addon_id: str, at: datetime) -> list[Plan]:
        """Plans that sell the add-on and are not archived at `at`."""

    def page(self, plan_id: str, wanted: PlanAddonFilter, rows: Slice) -> tuple[list[PlanAddon], int]: ...

    def add(self, assigned: PlanAddon) -> bool:
        """Write a new one; False when the plan sells the add-on."""

    def update(self, assigned: PlanAddon) -> None: ...


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


class FeatureUse(Protocol):
    """What a room above goes on measuring; it answers in the transaction of the change."""

    def still_used(self, namespace: str, feature_ids: Collection[str]) -> Collection[str]:
        """Which of these archived features something still measures by."""


class TaxCodeStore(Protocol):
    def by_ids(self, code_ids: Collection[str]) -> Mapping[str, TaxCode]:
        """Codes by id, deleted ones too."""

    def page(self, *, include_deleted: bool, limit: int, offset: int) -> tuple[list[TaxCode], int]:
        """The rows in order of their ids, and how many there are in all."""

    def users(self, code_id: str, at: datetime) -> list[str]:
        """Who would miss it at an instant, by name."""

    def add(self, code: TaxCode) -> bool:
        """Write a new code; False when a live one has its key."""

    def update(self, code: TaxCode) -> None: ...

    def defaults(self) -> DefaultTaxCodes | None: ...

    def set_defaults(self, defaults: DefaultTaxCodes) -> None: ...


class CurrencyStore(Protocol):
    """Custom currencies and their cost bases."""

    def all(self) -> list[CustomCurrency]: ...

    def find(self, currency_id: str) -> CustomCurrency | None: ...

    def add(self, currency: CustomCurrency) -> bool:
        """Write a new one; False when another has its code."""

    def by_codes(self, codes: Collection[str]) -> Mapping[str, CustomCurrency]: ...

    def cost_bases(self, currency_ids: Collection[str]) -> list[CurrencyCostBasis]: ...

    def add_cost_basis(self, basis: CurrencyCostBasis) -> bool:
        """Write a new one; False when another of the same fiat currency comes into force at the same instant."""


class CatalogStore(Protocol):
    @property
    def features(self) -> FeatureStore: ...
    @property
    def plans(self) -> VersionStore[PlanSpec]: ...
    @property
    def addons(self) -> VersionStore[AddonSpec]: ...
    @property
    def plan_addons(self) -> PlanAddonStore: ...
    @property
    def tax_codes(self) -> TaxCodeStore: ...
    @property
    def currencies(self) -> CurrencyStore: ...
    @property
    def meters(self) -> Meters: ...
