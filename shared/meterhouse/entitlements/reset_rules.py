"""When usage may be reset by hand."""

from datetime import datetime

from meterhouse.entitlements.entitlement import floor_minute
from meterhouse.entitlements.spec import ResetSpec
from meterhouse.entitlements.usage_period import ManualReset, UsagePeriods
from meterhouse.kernel.errors import Problems
from meterhouse.kernel.instant import format_rfc3339


def new_reset(spec: ResetSpec, periods: UsagePeriods, now: datetime) -> ManualReset:
    """The reset that the spec asks for at `now`.

    Raises:
        InvalidInput: it lies in the future, before the present usage period, or in the very minute of the last reset.
    """
    problems = Problems()
    at, last = floor_minute(spec.effective_at or now), periods.at(now).start
    if spec.effective_at is not None and spec.effective_at > now:
        problems.add("/effectiveAt", "in_the_future", "must not be in the future")
    elif at < last:
        message = f"must not be before the current usage period, which began at {format_rfc3339(last)}"
        problems.add("/effectiveAt", "before_current_usage_period", message)
    elif at == last:
        message = f"must be after last reset, which was at {format_rfc3339(last)}; resets have whole minutes"
        problems.add("/effectiveAt", "not_after_last_reset", message)
    problems.raise_if_any("usage cannot be reset then")
    preserves = periods.preserves_overage if spec.preserves_overage is None else spec.preserves_overage
    return ManualReset(at, periods.anchor_at(now) if spec.retains_anchor else at, preserves)
