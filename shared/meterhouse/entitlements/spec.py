"""What authors write of entitlements and grants, before it is checked against anything."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from meterhouse.entitlements.entitlement import EntitlementType, Issue
from meterhouse.kernel.cadence import Cadence


class MeasureFrom(StrEnum):
    CURRENT_PERIOD_START = "CURRENT_PERIOD_START"
    NOW = "NOW"


@dataclass(frozen=True, slots=True)
class RecurrenceSpec:
    """`anchor` None: where what repeats begins."""

    cadence: Cadence
    anchor: datetime | None = None


@dataclass(frozen=True, slots=True)
class GrantSpec:
    """A grant to be; instants are cut to the minute.

    Attributes:
        max_rollover: None: the whole amount.
    """

    amount: Decimal
    effective_at: datetime
    priority: int = 1
    expiration: Cadence | None = None
    recurrence: RecurrenceSpec | None = None
    min_rollover: Decimal = Decimal(0)
    max_rollover: Decimal | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class AllowanceSpec:
    """The terms of a metered entitlement to be.

    Attributes:
        measure_from: None: where it becomes active.
        grants: made together with it; effective no earlier than its current usage period.
    """

    is_soft_limit: bool = False
    preserves_overage: bool = False
    measure_from: MeasureFrom | datetime | None = None
    issue: Issue | None = None
    grants: Sequence[GrantSpec] = ()


@dataclass(frozen=True, slots=True)
class EntitlementSpec:
    """An entitlement to be.

    Attributes:
        feature_id, feature_key: whose; the id goes before the key. An override may leave out both.
        usage_period: needed by a metered one.
        allowance: of a metered one.
        active_from: None: from now on.
        managed_by, managed_item: the subscription it comes from, and for which of its items.
    """

    type: EntitlementType
    feature_id: str | None = None
    feature_key: str | None = None
    usage_period: RecurrenceSpec | None = None
    allowance: AllowanceSpec | None = None
    config: str | None = None
    active_from: datetime | None = None
    active_to: datetime | None = None
    managed_by: str | None = None
    managed_item: str | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ResetSpec:
    """A reset to be.

    Attributes:
        effective_at: None: now; cut to the minute.
        retains_anchor: periods follow the anchor as before; otherwise they begin with the reset.
        preserves_overage: None: as the entitlement's own resets do.
    """

    effective_at: datetime | None = None
    retains_anchor: bool = False
    preserves_overage: bool | None = None
