"""The history of a balance: usage and balance by window, and the segments of the burn-down. Pure."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from meterhouse.entitlements.balance import Balance
from meterhouse.entitlements.bearing import ZERO
from meterhouse.entitlements.burn_down import Stretch, Usage, burn_down
from meterhouse.entitlements.grant import Grant
from meterhouse.entitlements.segment import Segment
from meterhouse.entitlements.usage_period import Reset
from meterhouse.kernel.period import Period
from meterhouse.kernel.rounding import EXACT
from meterhouse.metering.usage import WindowSize


@dataclass(frozen=True, slots=True)
class Window:
    """An hour or a day, whatever is reset in it.

    Attributes:
        period: whole, even where the history ends within it.
        usage: in it, up to the end of the history; of a gauge its last value by then.
        balance_at_start: all that takes effect at its start included.
    """

    period: Period
    usage: Decimal
    balance_at_start: Decimal


@dataclass(frozen=True, slots=True)
class History:
    """Windows do not cut segments, nor segments windows."""

    windows: Sequence[Window]
    segments: Sequence[Segment]


def windows_between(size: WindowSize, zone: ZoneInfo, start: datetime, until: datetime) -> list[Period]:
    """The windows that begin in `[start, until)`; one that has begun before `start` is left out.

    Days begin at midnight in `zone`, hours with its hours; a day in which clocks change has 23 or 25 hours.
    """
    at = _begun(size, zone, start)
    windows: list[Period] = []
    while at < until:
        end = size.end(at, zone)
        if at >= start:
            windows.append(Period(at, end))
        at = end
    return windows


def history(
    start: Balance,
    grants: Sequence[Grant],
    resets: Sequence[Reset],
    until: datetime,
    usage: Usage,
    windows: Sequence[Period],
    *,
    is_gauge: bool = False,
) -> History:
    """What became of `start` by window and by segment; see `burn_down`, whose marks the starts of windows are.

    Args:
        start: where the history begins.
        grants: all of the entitlement.
        resets: of `(start.at, until]`.
        until: where it ends.
        usage: is asked once for each of `stretches(…, marks)`, in order.
        windows: `windows_between` start and end.
        is_gauge: `usage` is a value that stays.

    Raises:
        ValueError, InvariantBroken: as `burn_down` does.
    """
    seen: list[tuple[datetime, Decimal | None]] = []

    def noted(stretch: Stretch) -> Decimal | None:
        used = usage(stretch)
        seen.append((stretch.start, used))
        return used

    run = burn_down(start, grants, resets, until, noted, is_gauge=is_gauge, marks=marks_of(windows))
    balances = {start.at: start.remaining, **run.remaining_at}
    usages = _last_values(windows, seen, start.usage) if is_gauge else _sums(windows, seen)
    shown = [Window(window, used, balances[window.start]) for window, used in zip(windows, usages, strict=True)]
    return History(shown, run.segments)


def marks_of(windows: Sequence[Period]) -> list[datetime]:
    """Where the stretches of a history are cut for its windows."""
    return [window.start for window in windows]


def _begun(size: WindowSize, zone: ZoneInfo, at: datetime) -> datetime:
    """Where the window begins that `at` lies in."""
    local = at.astimezone(zone)
    if size is WindowSize.HOUR:
        into = timedelta(minutes=local.minute, seconds=local.second, microseconds=local.microsecond)
        return at.astimezone(UTC) - into
    return datetime(local.year, local.month, local.day, tzinfo=zone).astimezone(UTC)


def _sums(windows: Sequence[Period], seen: Sequence[tuple[datetime, Decimal | None]]) -> list[Decimal]:
    starts, sums = marks_of(windows), [ZERO for _ in windows]
    for at, used in seen:
        number = bisect_right(starts, at) - 1
        if number >= 0 and used is not None:
            sums[number] = EXACT.add(sums[number], used)
    return sums


def _last_values(
    windows: Sequence[Period], seen: Sequence[tuple[datetime, Decimal | None]], value: Decimal
) -> list[Decimal]:
    starts, values = marks_of(windows), [ZERO for _ in windows]
    for at, used in seen:
        value = value if used is None else used
        number = bisect_right(starts, at) - 1
        if number >= 0:
            values[number] = value
    return values
