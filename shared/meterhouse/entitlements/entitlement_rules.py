"""From what an author writes to an entitlement; every fault with its code and JSON pointer."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from meterhouse.catalog.feature import Feature
from meterhouse.entitlements.entitlement import Allowance, Entitlement, EntitlementType, floor_minute
from meterhouse.entitlements.grant import Grant
from meterhouse.entitlements.grant_rules import GrantBounds, check_cadence, issue_grant, new_grant
from meterhouse.entitlements.reservation import LARGEST_AMOUNT
from meterhouse.entitlements.spec import AllowanceSpec, EntitlementSpec, MeasureFrom, RecurrenceSpec
from meterhouse.entitlements.usage_period import UsagePeriods
from meterhouse.kernel.cadence import index_at, period_at
from meterhouse.kernel.errors import Problems
from meterhouse.metering.model import Meter

_EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
_MOST_PERIODS = 100_000
"""Each of them is a step of the first burn-down: hours of eleven years."""
_MEASURE_FROM = "/measureUsageFrom"


@dataclass(frozen=True, slots=True)
class Entitled:
    """Whom and what an entitlement is for; `meter` is the feature's, if it has one."""

    customer_id: str
    feature: Feature
    meter: Meter | None = None


def check_feature(entitled: Entitled, spec: EntitlementSpec, problems: Problems) -> None:
    """Add a problem if the feature cannot be had, or not with a balance.

    What a subscription was sold before its feature was archived it goes on to include.
    """
    feature, pointer = entitled.feature, feature_pointer(spec)
    if feature.archived_at is not None and spec.managed_by is None:
        problems.add(pointer, "feature_archived", f"feature {feature.key!r} is archived: nothing new may use it")
    if spec.type is not EntitlementType.METERED:
        return
    if entitled.meter is None:
        problems.add(pointer, "feature_not_metered", f"feature {feature.key!r} has no meter to burn a balance by")
    elif not entitled.meter.aggregation.can_be_entitled:
        message = f"no balance can be burnt by {entitled.meter.aggregation}: use SUM, COUNT, UNIQUE_COUNT or LATEST"
        problems.add(pointer, "unsupported_aggregation", message)


def feature_pointer(spec: EntitlementSpec) -> str:
    """Where the author named the feature."""
    return "/featureKey" if spec.feature_id is None else "/featureId"


def new_entitlement(
    entitlement_id: str, entitled: Entitled, spec: EntitlementSpec, at: datetime, problems: Problems
) -> Entitlement:
    """The entitlement that the spec describes when it is written at `at`; worth nothing where problems were added."""
    check_feature(entitled, spec, problems)
    starts = spec.active_from or at
    if spec.active_to is not None and spec.active_to <= starts:
        problems.add("/activeTo", "before_active_from", "must be later than activeFrom")
    periods = _periods(spec, starts, at, problems)
    metered = spec.allowance if spec.type is EntitlementType.METERED else None
    if metered is not None and metered.issue is not None and metered.issue.amount >= LARGEST_AMOUNT:
        problems.add("/issue/amount", "issue_out_of_range", f"what is issued must be below {LARGEST_AMOUNT:f}")
    return Entitlement(
        id=entitlement_id,
        customer_id=entitled.customer_id,
        feature_id=entitled.feature.id,
        feature_key=entitled.feature.key,
        type=spec.type,
        active_from=starts,
        active_to=spec.active_to,
        created_at=at,
        updated_at=at,
        config=spec.config,
        allowance=None if metered is None or periods is None else _allowance(metered, periods),
        meter_id=None if metered is None else entitled.feature.meter_id,
        cycle=periods if metered is None else None,
        managed_by=spec.managed_by,
        managed_item=spec.managed_item,
        metadata=spec.metadata,
        annotations=spec.annotations,
    )


def first_grants(
    entitlement: Entitlement, spec: EntitlementSpec, ids: Sequence[str], problems: Problems
) -> list[Grant]:
    """The grants that come with a new entitlement: what is issued, or those of the spec; see `grants_to_be`."""
    allowance, wanted = entitlement.allowance, spec.allowance
    if allowance is None or wanted is None:
        return []
    if allowance.issue is not None:
        if wanted.grants:
            problems.add("/grants", "issue_and_grants", "either what is issued after each reset, or grants")
        return [issue_grant(ids[0], entitlement, allowance.issue)] if allowance.issue.amount else []
    bounds = GrantBounds(entitlement.id, allowance.periods, entitlement.created_at)
    return [
        new_grant(grant_id, bounds, grant, problems, f"/grants/{index}")
        for index, (grant_id, grant) in enumerate(zip(ids, wanted.grants, strict=True))
    ]


def grants_to_be(spec: EntitlementSpec) -> int:
    """How many ids `first_grants` needs."""
    if spec.allowance is None:
        return 0
    return len(spec.allowance.grants) if spec.allowance.issue is None else 1


def _allowance(spec: AllowanceSpec, periods: UsagePeriods) -> Allowance:
    return Allowance(periods, spec.is_soft_limit, spec.issue)


def _periods(spec: EntitlementSpec, starts: datetime, now: datetime, problems: Problems) -> UsagePeriods | None:
    period, allowance = spec.usage_period, spec.allowance or AllowanceSpec()
    if period is None and spec.type is EntitlementType.METERED:
        problems.add("/usagePeriod", "missing", "a metered entitlement has usage periods")
    if period is None or not check_cadence(period.cadence, "/usagePeriod/interval", problems):
        return None
    anchor = floor_minute(period.anchor or starts)
    measured_from = _measured_from(allowance.measure_from, RecurrenceSpec(period.cadence, anchor), starts, now)
    last = max(starts, now)
    if measured_from > last:
        problems.add(_MEASURE_FROM, "in_the_future", "must not be later than when the entitlement becomes active")
    elif measured_from < _EARLIEST:
        problems.add(_MEASURE_FROM, "too_early", "must not be before 1970")
    elif index_at(anchor, period.cadence, last) - index_at(anchor, period.cadence, measured_from) > _MOST_PERIODS:
        message = f"more than {_MOST_PERIODS} usage periods have passed since then"
        problems.add(_MEASURE_FROM, "too_many_periods", message)
    else:
        return UsagePeriods(period.cadence, anchor, measured_from, allowance.preserves_overage)
    return None


def _measured_from(
    wanted: MeasureFrom | datetime | None, period: RecurrenceSpec, starts: datetime, now: datetime
) -> datetime:
    if isinstance(wanted, datetime):
        return floor_minute(wanted)
    if wanted is MeasureFrom.CURRENT_PERIOD_START:
        return period_at(period.anchor or starts, period.cadence, starts).start
    return floor_minute(now if wanted is MeasureFrom.NOW else starts)
