"""Grants on the wire, to the contract."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any

from pydantic import Field

from meterhouse.catalog.entitlement_template_schema import Priority, UsageAmount
from meterhouse.customers.schema import JsonObject
from meterhouse.entitlements.grant import Grant
from meterhouse.entitlements.period_schema import (
    RecurringPeriod,
    RecurringPeriodCreateInput,
    recurrence_spec,
    recurring_period,
)
from meterhouse.entitlements.spec import GrantSpec
from meterhouse.kernel.cadence import Cadence, CadenceUnit
from meterhouse.kernel.errors import InvalidInput
from meterhouse.platform.wire import Instant, Metadata, Resource, Whole, Wire

_NONE = Decimal(0)


class ExpirationPeriod(Wire):
    duration: CadenceUnit
    count: Annotated[Whole, Field(ge=1, le=1000)]


_LONGEST = ExpirationPeriod(duration=CadenceUnit.YEAR, count=1000)


class _GrantCreate(Wire):
    amount: UsageAmount
    priority: Priority = 1
    effective_at: Instant
    min_rollover_amount: UsageAmount = _NONE
    metadata: Metadata | None = None
    recurrence: RecurringPeriodCreateInput | None = None


class EntitlementGrantCreateInput(_GrantCreate):
    expiration: ExpirationPeriod
    max_rollover_amount: UsageAmount = _NONE


class EntitlementGrantCreateInputV2(_GrantCreate):
    expiration: ExpirationPeriod | None = None
    max_rollover_amount: UsageAmount | None = None
    annotations: JsonObject | None = None


class _GrantFields(Resource):
    entitlement_id: str
    amount: UsageAmount
    priority: Priority
    effective_at: Instant
    max_rollover_amount: UsageAmount
    min_rollover_amount: UsageAmount
    metadata: Metadata | None = None
    annotations: dict[str, Any] | None = None
    recurrence: RecurringPeriod | None = None
    next_recurrence: Instant | None = None
    expires_at: Instant | None = None
    voided_at: Instant | None = None


class EntitlementGrant(_GrantFields):
    """The older form says of every grant when it expires: of one that never does, in a thousand years."""

    expiration: ExpirationPeriod


class EntitlementGrantV2(_GrantFields):
    expiration: ExpirationPeriod | None = None


def grant_spec(wire: EntitlementGrantCreateInput | EntitlementGrantCreateInputV2) -> GrantSpec:
    expiration = wire.expiration
    return GrantSpec(
        amount=wire.amount,
        effective_at=wire.effective_at,
        priority=wire.priority,
        expiration=None if expiration is None else Cadence(expiration.count, expiration.duration),
        recurrence=None if wire.recurrence is None else recurrence_spec(wire.recurrence),
        min_rollover=wire.min_rollover_amount,
        max_rollover=wire.max_rollover_amount,
        metadata=wire.metadata or {},
        annotations=(wire.annotations if isinstance(wire, EntitlementGrantCreateInputV2) else None) or {},
    )


def grant_wire(grant: Grant, now: datetime) -> EntitlementGrant:
    return EntitlementGrant(**_fields(grant, now), expiration=_expiration(grant) or _LONGEST)


def grant_wire_v2(grant: Grant, now: datetime) -> EntitlementGrantV2:
    return EntitlementGrantV2(**_fields(grant, now), expiration=_expiration(grant))


def _fields(grant: Grant, now: datetime) -> dict[str, Any]:
    recurrence = grant.recurrence
    return {
        "id": grant.id,
        "created_at": grant.created_at,
        "updated_at": grant.updated_at,
        "entitlement_id": grant.entitlement_id,
        "amount": grant.amount,
        "priority": grant.priority,
        "effective_at": grant.effective_at,
        "max_rollover_amount": grant.max_rollover,
        "min_rollover_amount": grant.min_rollover,
        "metadata": dict(grant.metadata) or None,
        "annotations": dict(grant.annotations) or None,
        "recurrence": recurrence and recurring_period(recurrence.cadence, recurrence.anchor),
        "next_recurrence": _next_recurrence(grant, now),
        "expires_at": grant.expires_at,
        "voided_at": grant.voided_at,
    }


def _next_recurrence(grant: Grant, now: datetime) -> datetime | None:
    """When it has its whole amount again; None if it ends before."""
    if grant.recurrence is None:
        return None
    try:
        at = grant.recurrence.next_after(max(now, grant.effective_at))
    except InvalidInput:  # beyond the year 9999
        return None
    return at if grant.ends_at is None or at < grant.ends_at else None


def _expiration(grant: Grant) -> ExpirationPeriod | None:
    expiration = grant.expiration
    return None if expiration is None else ExpirationPeriod(duration=expiration.unit, count=expiration.count)
