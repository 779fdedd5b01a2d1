"""Features: what is sold, and which usage counts for it."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from meterhouse.kernel.errors import Problems

GroupByFilters = Mapping[str, Mapping[str, Any]]
"""Conditions on a meter's group-by keys, by key, each the contract's FilterString."""


@dataclass(frozen=True, slots=True)
class FeatureSpec:
    """What a feature's author writes.

    Attributes:
        meter_slug: the meter whose usage counts; None: nothing is measured.
        filters: usage counts where all of them hold.
        unit_cost: what a unit costs the seller, in US dollars; no price.
    """

    key: str
    name: str
    meter_slug: str | None = None
    filters: GroupByFilters = field(default_factory=dict)
    unit_cost: Decimal | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)


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


def check_filters(filters: GroupByFilters, group_by: Collection[str], problems: Problems) -> None:
    """Add a problem for every filter on a key that the meter does not group by."""
    for key in filters:
        if key not in group_by:
            step = key.replace("~", "~0").replace("/", "~1")
            message = f"the meter does not group by {key!r}"
            problems.add(f"/advancedMeterGroupByFilters/{step}", "unknown_group_by_key", message)
