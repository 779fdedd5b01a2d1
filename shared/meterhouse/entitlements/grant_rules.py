"""From what an author writes to a grant, and until when one may be voided; every fault with its code and pointer."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal

from meterhouse.entitlements.entitlement import Entitlement, Issue, floor_minute
from meterhouse.entitlements.grant import Grant, Recurrence
from meterhouse.entitlements.spec import GrantSpec, RecurrenceSpec
from meterhouse.entitlements.usage_period import UsagePeriods
from meterhouse.kernel.cadence import Cadence, add, exceeds_a_century
from meterhouse.kernel.errors import Problems
from meterhouse.kernel.instant import format_rfc3339

ISSUE_MARK = {"issueAfterReset": "true"}
"""Metadata of the grant that an issue after each reset is, as OpenMeter marks it."""
_LATEST = datetime(2200, 1, 1, tzinfo=UTC)
"""Beyond it nobody plans, and the calendar's end at the year 9999 stays out of reach of a thousand years' expiry."""


@dataclass(frozen=True, slots=True)
class GrantBounds:
    """Where a grant may lie: of which entitlement, and in or after the usage period of `at`."""

    entitlement_id: str
    periods: UsagePeriods
    at: datetime


def check_cadence(cadence: Cadence, pointer: str, problems: Problems) -> bool:
    """Add a problem if the cadence is beyond a century; whether it is within."""
    if exceeds_a_century(cadence):
        problems.add(pointer, "too_long", f"{cadence.iso()} is longer than 100 years")
        return False
    return True


def new_grant(grant_id: str, bounds: GrantBounds, spec: GrantSpec, problems: Problems, root: str = "") -> Grant:
    """The grant that the spec describes; `root` points to where it was written. Worth nothing with a new problem."""
    effective_at = floor_minute(spec.effective_at)
    max_rollover = spec.amount if spec.max_rollover is None else spec.max_rollover
    _check_amounts(spec, max_rollover, problems, root)
    _check_start(effective_at, bounds, problems, root)
    recurrence, expiration = spec.recurrence, spec.expiration
    if recurrence is not None:
        check_cadence(recurrence.cadence, f"{root}/recurrence/interval", problems)
    return Grant(
        id=grant_id,
        entitlement_id=bounds.entitlement_id,
        amount=spec.amount,
        priority=spec.priority,
        effective_at=effective_at,
        expires_at=add(effective_at, expiration) if expiration is not None and effective_at < _LATEST else None,
        expiration=expiration,
        recurrence=None if recurrence is None else _recurrence(recurrence, effective_at),
        min_rollover=spec.min_rollover,
        max_rollover=max_rollover,
        created_at=bounds.at,
        updated_at=bounds.at,
        metadata=spec.metadata,
        annotations=spec.annotations,
    )


def issue_grant(grant_id: str, entitlement: Entitlement, issue: Issue) -> Grant:
    """The grant that an issue after each reset is: it rolls over to exactly its amount."""
    at, allowance = entitlement.created_at, entitlement.allowance
    return Grant(
        id=grant_id,
        entitlement_id=entitlement.id,
        amount=issue.amount,
        priority=issue.priority,
        effective_at=floor_minute(at) if allowance is None else allowance.periods.measured_from,
        min_rollover=issue.amount,
        max_rollover=issue.amount,
        created_at=at,
        updated_at=at,
        metadata=ISSUE_MARK,
    )


def voided(grant: Grant, wanted: datetime | None, periods: UsagePeriods, now: datetime) -> Grant:
    """The grant, voided at `wanted`, or now, cut to the minute.

    Raises:
        InvalidInput: it is voided already; the instant is in the future, or before the present usage period.
    """
    problems = Problems()
    at, start = floor_minute(wanted or now), periods.at(now).start
    if grant.voided_at is not None:
        problems.add("", "grant_already_voided", f"the grant was voided at {format_rfc3339(grant.voided_at)}")
    elif wanted is not None and wanted > now:
        problems.add("query:at", "in_the_future", "must not be in the future")
    elif at < start:
        message = f"must not be before the current usage period, which began at {format_rfc3339(start)}"
        problems.add("query:at", "before_current_usage_period", message)
    problems.raise_if_any("the grant cannot be voided")
    return replace(grant, voided_at=at, updated_at=now)


def _check_amounts(spec: GrantSpec, max_rollover: Decimal, problems: Problems, root: str) -> None:
    if spec.amount <= 0:
        problems.add(f"{root}/amount", "not_positive", "must be more than 0")
    for name, value in (("min", spec.min_rollover), ("max", max_rollover)):
        if value < 0:
            problems.add(f"{root}/{name}RolloverAmount", "negative", "must not be negative")
    if spec.min_rollover > max_rollover:
        message = "must not be more than maxRolloverAmount, which would win"
        problems.add(f"{root}/minRolloverAmount", "min_above_max", message)


def _check_start(effective_at: datetime, bounds: GrantBounds, problems: Problems, root: str) -> None:
    start = bounds.periods.at(bounds.at).start
    if effective_at < start:
        message = f"must not be before the current usage period, which began at {format_rfc3339(start)}"
        problems.add(f"{root}/effectiveAt", "before_current_usage_period", message)
    if effective_at >= _LATEST:
        problems.add(f"{root}/effectiveAt", "too_late", "must be before the year 2200")


def _recurrence(spec: RecurrenceSpec, effective_at: datetime) -> Recurrence:
    return Recurrence(spec.cadence, floor_minute(spec.anchor or effective_at))
