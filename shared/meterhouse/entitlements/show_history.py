"""The history of a metered entitlement: usage and balance by hour or day, and who bore what."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

from meterhouse.entitlements.balances import MeterUsage
from meterhouse.entitlements.check_access import customer_of, named
from meterhouse.entitlements.entitlement import Allowance, Entitlement, ceil_minute, floor_minute
from meterhouse.entitlements.history import History, history, marks_of, windows_between
from meterhouse.entitlements.holder import Holder
from meterhouse.entitlements.metered_usage import MeteredRun
from meterhouse.entitlements.standing import Found, Metered, Standing
from meterhouse.kernel.errors import InvalidInput, NotFound, Problem, Problems, Unprocessable
from meterhouse.kernel.period import Period
from meterhouse.metering.usage import WindowSize
from meterhouse.platform import clock

MOST_WINDOWS = 10_000
MOST_SHARES = 100_000
"""Of segments by grants in them: a Lambda answers with 6 MB at the most."""


@dataclass(frozen=True, slots=True)
class HistoryAsked:
    """Attributes: `from_`: None: where the usage period begins; `to`: None: now; `time_zone`: by name, for days."""

    window: WindowSize
    from_: datetime | None = None
    to: datetime | None = None
    time_zone: str = "UTC"


class HistoryStandings(Protocol):
    def named(self, holder: Holder, id_or_feature_key: str, at: datetime, now: datetime) -> Found:
        """The customer with the entitlement of this id, and those of this key active at `at` or not over at `now`."""

    def of_entitlements(self, entitlement_ids: Sequence[str], at: datetime) -> list[Standing]:
        """Those of these ids that exist; snapshots not later than `at`."""


class ShowHistory:
    def __init__(
        self,
        read: Callable[[str], HistoryStandings],
        usage: MeterUsage,
        now: Callable[[], datetime] = clock.now,
    ) -> None:
        self._read = read
        self._usage = usage
        self._now = now

    def __call__(self, namespace: str, holder: Holder, name: str, asked: HistoryAsked) -> History:
        """What became of the entitlement of this id, or of this feature key; to whole minutes, not beyond its end.

        Raises:
            NotFound: there is no such customer or entitlement.
            InvalidInput: it is not metered; an unknown zone, another window, an empty period or one that begins before
                measuring, too many windows; all faults are listed.
            Unprocessable: the answer would be too large.
            Unavailable: a store does not answer.
        """
        now = self._now()
        standing = self._standing(namespace, holder, name, now)
        metered, allowance = _measured(standing)
        zone, period = _period(asked, standing.entitlement, allowance, now)
        if metered.snapshot is not None and metered.snapshot.at > period.start:
            [standing] = self._read(namespace).of_entitlements([standing.entitlement.id], period.start)
            metered, allowance = _measured(standing)
        windows = windows_between(asked.window, zone, period.start, period.end)
        stops = [period.start, period.end]
        _check_size(MeteredRun(metered, allowance.periods, stops))
        run = MeteredRun(metered, allowance.periods, stops, marks_of(windows))
        return self._reckoned(namespace, run, windows)

    def _standing(self, namespace: str, holder: Holder, name: str, now: datetime) -> Standing:
        found = self._read(namespace).named(holder, name, now, now)
        standing = named(customer_of(found, holder).standings, name, now)
        if standing is None:
            raise NotFound("entitlement", name)
        return standing

    def _reckoned(self, namespace: str, run: MeteredRun, windows: Sequence[Period]) -> History:
        query, (start, until) = run.query, run.stops
        [rows] = [[]] if query is None else self._usage.query_many(namespace, [query])
        usage = run.usage(rows)
        balance = replace(run, stops=[start]).balances(usage)[0]
        resets = run.resets(start, until)
        return history(balance, run.metered.grants, resets, until, usage, windows, is_gauge=run.is_gauge)


def _measured(standing: Standing) -> tuple[Metered, Allowance]:
    metered, allowance = standing.metered, standing.entitlement.allowance
    if metered is None or allowance is None:
        kind = standing.entitlement.type
        message = f"a {kind} entitlement measures no usage"
        raise InvalidInput(message, [Problem("", "entitlement_not_metered", message)])
    return metered, allowance


def _period(
    asked: HistoryAsked, entitlement: Entitlement, allowance: Allowance, now: datetime
) -> tuple[ZoneInfo, Period]:
    """The zone, and from the first minute to the last; nothing is told of the future, nor of after its end."""
    end = min(now, entitlement.active_to or now)
    from_ = floor_minute(asked.from_ or allowance.periods.at(end).start)
    to = ceil_minute(min(asked.to or end, end))
    problems = Problems()
    if asked.window not in {WindowSize.HOUR, WindowSize.DAY}:
        problems.add("query:windowSize", "unsupported_window_size", "windows are hours or days: HOUR or DAY")
    zone = _zone(asked.time_zone, problems)
    if from_ < allowance.periods.measured_from:
        message = f"usage is measured from {allowance.periods.measured_from.isoformat()} on"
        problems.add("query:from", "before_measuring", message)
    if from_ >= to:
        problems.add(
            "query:from", "empty_period", "from must be before to, and both in the entitlement's time until now"
        )
    if (to - from_) / max(asked.window.length, timedelta(hours=1)) > MOST_WINDOWS:
        problems.add("query:windowSize", "too_many_windows", f"at most {MOST_WINDOWS} windows can be asked for")
    problems.raise_if_any("the history cannot be told")
    return zone, Period(from_, to)


def _zone(name: str, problems: Problems) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        problems.add("query:windowTimeZone", "unknown_time_zone", f"{name!r} is no IANA time zone")
        return ZoneInfo("UTC")


def _check_size(run: MeteredRun) -> None:
    segments = sum(part.start >= run.stops[0] for part in run.stretches)
    if segments * len(run.metered.grants) > MOST_SHARES:
        detail = "the history has too many segments with too many grants: ask for a shorter period"
        raise Unprocessable(detail, "too_many_segments")
