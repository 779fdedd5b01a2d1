"""Entitlements on the wire, to the contract's second version; what both versions share stands here, too."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field

from meterhouse.catalog.entitlement_template_schema import Priority, UsageAmount
from meterhouse.entitlements.create_schema import IssueAfterReset
from meterhouse.entitlements.entitlement import Entitlement
from meterhouse.entitlements.holder import Shown
from meterhouse.entitlements.period_schema import RecurringPeriod, recurring_period
from meterhouse.platform.wire import Instant, Metadata, Page, PeriodWire, Resource, Ulid, Wire


class EntitlementFields(Resource):
    metadata: Metadata | None = None
    annotations: dict[str, Any] | None = None
    active_from: Instant
    active_to: Instant | None = None
    feature_key: str
    feature_id: Ulid


class PeriodFields(Wire):
    current_usage_period: PeriodWire | None = None
    usage_period: RecurringPeriod | None = None


class MeteredFields(Wire):
    type: Literal["metered"]
    is_soft_limit: bool
    preserve_overage_at_reset: bool
    issue_after_reset: UsageAmount | None = None
    issue_after_reset_priority: Priority | None = None
    last_reset: Instant
    measure_usage_from: Instant
    current_usage_period: PeriodWire
    usage_period: RecurringPeriod


class _CustomerFields(Wire):
    customer_id: Ulid
    customer_key: str | None = None


class EntitlementMeteredV2(EntitlementFields, MeteredFields, _CustomerFields):
    issue: IssueAfterReset | None = None


class EntitlementStaticV2(EntitlementFields, PeriodFields, _CustomerFields):
    type: Literal["static"]
    config: str


class EntitlementBooleanV2(EntitlementFields, PeriodFields, _CustomerFields):
    type: Literal["boolean"]


EntitlementV2 = Annotated[
    EntitlementMeteredV2 | EntitlementStaticV2 | EntitlementBooleanV2, Field(discriminator="type")
]


class EntitlementV2PaginatedResponse(Page[EntitlementV2]):
    pass


def entitlement_wire_v2(
    shown: Shown, now: datetime
) -> EntitlementMeteredV2 | EntitlementStaticV2 | EntitlementBooleanV2:
    """As it is at `now`; one that is over, as it was when it ended."""
    entitlement, allowance = shown.entitlement, shown.entitlement.allowance
    fields = shared_fields(entitlement, now)
    fields |= {"customer_id": shown.customer.id, "customer_key": shown.customer.key}
    if allowance is not None:
        issue = allowance.issue
        told = None if issue is None else IssueAfterReset(amount=issue.amount, priority=issue.priority)
        return EntitlementMeteredV2(**fields, **metered_fields(entitlement, now), issue=told)
    if entitlement.config is not None:
        return EntitlementStaticV2(**fields, type="static", config=entitlement.config)
    return EntitlementBooleanV2(**fields, type="boolean")


def shared_fields(entitlement: Entitlement, now: datetime) -> dict[str, Any]:
    return {
        "id": entitlement.id,
        "created_at": entitlement.created_at,
        "updated_at": entitlement.updated_at,
        "deleted_at": entitlement.deleted_at,
        "metadata": dict(entitlement.metadata) or None,
        "annotations": dict(entitlement.annotations) or None,
        "active_from": entitlement.active_from,
        "active_to": entitlement.active_to,
        "feature_key": entitlement.feature_key,
        "feature_id": entitlement.feature_id,
        **_period_fields(entitlement, now),
    }


def metered_fields(entitlement: Entitlement, now: datetime) -> dict[str, Any]:
    allowance = entitlement.allowance
    if allowance is None:
        return {}
    issue, periods = allowance.issue, allowance.periods
    return {
        "type": "metered",
        "is_soft_limit": allowance.is_soft_limit,
        "preserve_overage_at_reset": periods.preserves_overage,
        "issue_after_reset": issue and issue.amount,
        "issue_after_reset_priority": issue and issue.priority,
        "last_reset": periods.at(_told_at(entitlement, now)).start,
        "measure_usage_from": periods.measured_from,
    }


def _period_fields(entitlement: Entitlement, now: datetime) -> dict[str, Any]:
    periods, at = entitlement.periods, _told_at(entitlement, now)
    if periods is None:
        return {}
    current = periods.at(at)
    return {
        "current_usage_period": PeriodWire.model_validate({"from": current.start, "to": current.end}),
        "usage_period": recurring_period(periods.cadence, periods.anchor_at(at)),
    }


def _told_at(entitlement: Entitlement, now: datetime) -> datetime:
    return now if entitlement.active_to is None else min(now, entitlement.active_to)
