"""When a change takes effect, as the caller says it."""

from datetime import UTC, datetime
from enum import StrEnum

from meterhouse.kernel.errors import InvalidInput, Problem
from meterhouse.kernel.instant import format_rfc3339
from meterhouse.subscriptions.model import Subscription


class Soon(StrEnum):
    IMMEDIATE = "immediate"
    NEXT_BILLING_CYCLE = "next_billing_cycle"


Timing = Soon | datetime

# every period since the start is billed: a year 1 by mistake would be millions of lines
_FIRST_START = datetime(1970, 1, 1, tzinfo=UTC)


def starts_at(timing: Timing, now: datetime) -> datetime:
    """When a new subscription starts, in the past too: customers come with a history.

    Raises:
        InvalidInput: at the next billing cycle, which nothing defines yet; or before 1970, which is a slip.
    """
    if timing is Soon.NEXT_BILLING_CYCLE:
        raise _refused("timing_not_allowed", "a new subscription has no billing cycle yet")
    if isinstance(timing, Soon):
        return now
    if timing < _FIRST_START:
        raise _refused("timing_out_of_range", f"{format_rfc3339(timing)} is before {format_rfc3339(_FIRST_START)}")
    return timing


def ends_at(subscription: Subscription, timing: Timing, now: datetime) -> datetime:
    """When an open subscription, in force at `now`, ends.

    Raises:
        InvalidInput: an instant in the past, at the end of the calendar, or not where a billing period starts.
    """
    if timing is Soon.IMMEDIATE:
        return now
    if timing is Soon.NEXT_BILLING_CYCLE:
        current = subscription.billing_period_at(now)
        return now if current is None else current.end
    if timing < now:
        raise _refused("timing_in_the_past", f"{format_rfc3339(timing)} is in the past")
    try:
        period = subscription.billing_period_at(timing)
    except InvalidInput as error:
        raise _refused("timing_out_of_range", error.detail) from None
    if period is None or period.start != timing:
        raise _refused("timing_not_aligned", f"no billing period starts at {format_rfc3339(timing)}")
    return timing


def changes_at(subscription: Subscription, timing: Timing, now: datetime) -> datetime:
    """When other quantities of an add-on take effect: at any instant from now on.

    Raises:
        InvalidInput: an instant in the past.
    """
    if not isinstance(timing, datetime):
        return ends_at(subscription, timing, now)
    if timing < now:
        raise _refused("timing_in_the_past", f"{format_rfc3339(timing)} is in the past")
    return timing


def edits_at(subscription: Subscription, timing: Timing, now: datetime) -> datetime:
    """When an edit of a subscription in force at `now` takes effect.

    Raises:
        InvalidInput: an instant of the caller's own, or the next billing cycle while it belongs to the next phase.
    """
    if isinstance(timing, datetime):
        raise _refused("timing_not_allowed", "an edit takes effect immediately or with the next billing cycle")
    at = ends_at(subscription, timing, now)
    phase = subscription.phase_at(now)
    if phase is None or (phase.active_to is not None and phase.active_to <= at):
        raise _refused("timing_not_in_current_phase", "the next billing cycle is not in the current phase")
    return at


def _refused(code: str, message: str) -> InvalidInput:
    return InvalidInput(message, [Problem("/timing", code, message)])
