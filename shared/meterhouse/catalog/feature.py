"""Features: what is sold, and which usage counts for it."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from meterhouse.catalog.unit_cost import UnitCost
from meterhouse.kernel.errors import Problems

GroupByFilters = Mapping[str, Mapping[str, Any]]
"""Conditions on a meter's group-by keys, by key, each the contract's FilterString."""


@dataclass(frozen=True, slots=True)
class FeatureSpec:
    """What a feature's author writes.

    Attributes:
        meter_slug: the meter whose usage counts; None: nothing is measured.
        filters: usage counts where all of them hold.
        unit_cost: what a unit costs the seller; no price.
    """

    key: str
    name: str
    meter_slug: str | None = None
    filters: GroupByFilters = field(default_factory=dict)
    unit_cost: UnitCost | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)

    @property
    def group_bys(self) -> frozenset[str]:
        """The meter's group-by keys that the feature reads, for its filters or its unit cost."""
        return frozenset((*self.filters, *_cost_group_bys(self).values()))


@dataclass(frozen=True, slots=True)
class Feature:
    """A feature as it is kept: it never changes until it is archived, which frees its key."""

    id: str
    spec: FeatureSpec
    created_at: datetime
    updated_at: datetime
    meter_id: str | None = None
    archived_at: datetime | None = None

    @property
    def key(self) -> str:
        return self.spec.key

    @property
    def is_metered(self) -> bool:
        return self.meter_id is not None

    def archived(self, at: datetime) -> "Feature":
        return replace(self, archived_at=at, updated_at=at)


def check_group_bys(spec: FeatureSpec, group_by: Collection[str], filters_at: str, problems: Problems) -> None:
    """Add a problem for every key that the feature reads and the meter does not group by.

    `filters_at` is the pointer to the form in which the author gave the filters.
    """
    places = {f"{filters_at}/{_step(key)}": key for key in spec.filters}
    places |= {f"/unitCost/{name}": key for name, key in _cost_group_bys(spec).items()}
    for place, key in places.items():
        if key not in group_by:
            problems.add(place, "unknown_group_by_key", f"the meter does not group by {key!r}")


def _cost_group_bys(spec: FeatureSpec) -> Mapping[str, str]:
    return {} if spec.unit_cost is None else spec.unit_cost.group_bys


def _step(key: str) -> str:
    return key.replace("~", "~0").replace("/", "~1")
