"""Entitlements: what a customer may use of a feature, and since when."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any

from meterhouse.entitlements.usage_period import UsagePeriods

MINUTE = timedelta(minutes=1)


class EntitlementType(StrEnum):
    METERED = "metered"
    STATIC = "static"
    BOOLEAN = "boolean"


@dataclass(frozen=True, slots=True)
class Issue:
    """What every usage period begins with: a grant that rolls over to exactly `amount` at each reset."""

    amount: Decimal
    priority: int = 1


@dataclass(frozen=True, slots=True)
class Allowance:
    """The terms of a metered entitlement.

    Attributes:
        periods: its usage periods, manual resets included.
        is_soft_limit: access goes on when the balance is used up; the rest is overage.
    """

    periods: UsagePeriods
    is_soft_limit: bool = False
    issue: Issue | None = None


@dataclass(frozen=True, slots=True)
class Entitlement:
    """At most one of a customer and a feature key is active at any instant.

    Attributes:
        active_from, active_to: it gives access in `[active_from, active_to)`; None: for ever.
        config: of a static one, JSON as it was written.
        allowance: of a metered one.
        changes: counts what moved its balance: grants, voids, resets. A snapshot of another count is void.
        managed_by: the subscription that brought it; None: nobody else.
    """

    id: str
    customer_id: str
    feature_id: str
    feature_key: str
    type: EntitlementType
    active_from: datetime
    created_at: datetime
    updated_at: datetime
    active_to: datetime | None = None
    deleted_at: datetime | None = None
    config: str | None = None
    allowance: Allowance | None = None
    changes: int = 0
    managed_by: str | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, Any] = field(default_factory=dict)

    def is_active(self, at: datetime) -> bool:
        return self.active_from <= at and (self.active_to is None or at < self.active_to)

    def overlaps(self, other: "Entitlement") -> bool:
        """Whether both are active at some instant; one that ends where it begins never is."""
        ends = [one.active_to for one in (self, other) if one.active_to is not None]
        start = max(self.active_from, other.active_from)
        return all(start < end for end in ends)

    def ended(self, at: datetime) -> "Entitlement":
        """The same, active no longer than until `at`."""
        end = at if self.active_to is None else min(at, self.active_to)
        return replace(self, active_to=max(end, self.active_from), deleted_at=at, updated_at=at)


def floor_minute(at: datetime) -> datetime:
    return at.replace(second=0, microsecond=0)


def ceil_minute(at: datetime) -> datetime:
    """The next whole minute, or `at` where it is one: up to there the newest usage counts."""
    floor = floor_minute(at)
    return floor if floor == at else floor + MINUTE
