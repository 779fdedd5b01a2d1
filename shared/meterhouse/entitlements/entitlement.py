"""Entitlements: what a customer may use of a feature, and since when."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any

from meterhouse.entitlements.usage_period import ManualReset, UsagePeriods
from meterhouse.kernel.errors import InvariantBroken

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
        deleted_at: when it was ended by hand, or another took its place; None: never, though its time may be over.
        config: of a static one, JSON as it was written.
        allowance: of a metered one.
        meter_id: of a metered one, whose usage counts: its feature's, which never changes.
        cycle: of another, the periods its author wants told; they mean nothing to its access.
        changes: counts what moved its balance: grants, voids, resets, its end. A snapshot of another count is void.
        managed_by, managed_item: the subscription that brought it, and for which of its items; None: nobody else.
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
    meter_id: str | None = None
    cycle: UsagePeriods | None = None
    changes: int = 0
    managed_by: str | None = None
    managed_item: str | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, Any] = field(default_factory=dict)

    @property
    def periods(self) -> UsagePeriods | None:
        return self.cycle if self.allowance is None else self.allowance.periods

    def is_active(self, at: datetime) -> bool:
        return self.active_from <= at and (self.active_to is None or at < self.active_to)

    def overlaps(self, other: "Entitlement") -> bool:
        """Whether both are active at some instant; one that ends where it begins never is."""
        ends = [one.active_to for one in (self, other) if one.active_to is not None]
        start = max(self.active_from, other.active_from)
        return all(start < end for end in ends)

    def is_over(self, at: datetime) -> bool:
        """Whether it gives access at no instant from `at` on; what is over never changes again."""
        return self.active_to is not None and self.active_to <= max(at, self.active_from)

    def ended(self, at: datetime) -> "Entitlement":
        """The same, active no longer than until `at`."""
        end = at if self.active_to is None else min(at, self.active_to)
        return replace(self.changed(), active_to=max(end, self.active_from), deleted_at=at, updated_at=at)

    def until(self, end: datetime | None, at: datetime) -> "Entitlement":
        """The same, with its end moved; decided at `at`."""
        return replace(self.changed(), active_to=end, updated_at=at)

    def changed(self) -> "Entitlement":
        """The same after one more change of its balance."""
        return replace(self, changes=self.changes + 1)

    def reset(self, reset: ManualReset, at: datetime) -> "Entitlement":
        """The same, of a metered one, with its usage counted from zero again."""
        if self.allowance is None:
            raise InvariantBroken(f"entitlement {self.id} has no usage to reset")
        periods = replace(self.allowance.periods, manual=(*self.allowance.periods.manual, reset))
        return replace(self.changed(), allowance=replace(self.allowance, periods=periods), updated_at=at)


def floor_minute(at: datetime) -> datetime:
    return at.replace(second=0, microsecond=0)


def ceil_minute(at: datetime) -> datetime:
    """The next whole minute, or `at` where it is one: up to there the newest usage counts."""
    floor = floor_minute(at)
    return floor if floor == at else floor + MINUTE
