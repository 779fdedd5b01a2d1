"""The SQL of a usage query: which hours come from the rollup, which from the values themselves."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from meterhouse.metering.clickhouse_filter import Parameters, condition
from meterhouse.metering.event import EARLIEST, LATEST
from meterhouse.metering.usage import CUSTOMER, SUBJECT, UsageQuery, WindowSize
from meterhouse.platform.sql import queries

_SQL = queries("meterhouse.metering", "usage.sql")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_HOUR = timedelta(hours=1)
_MICROSECOND = timedelta(microseconds=1)
_SAMPLE = timedelta(days=7)
_WINDOWS = {
    WindowSize.MINUTE: "toStartOfMinute(at, {zone})",
    WindowSize.HOUR: "toStartOfHour(at, {zone})",
    WindowSize.DAY: "toStartOfDay(at, {zone})",
    WindowSize.MONTH: "toDateTime(toStartOfMonth(at, {zone}), {zone})",
}


@dataclass(frozen=True, slots=True)
class Span:
    """The instants of a query, and the whole hours among them: `[from_whole, to_whole)`, empty where there are none."""

    from_: datetime
    to: datetime

    @property
    def from_hour(self) -> datetime:
        return _floored(self.from_)

    @property
    def from_whole(self) -> datetime:
        return _floored(self.from_ + _HOUR - _MICROSECOND)

    @property
    def to_whole(self) -> datetime:
        return max(_floored(self.to), self.from_whole)

    def parameters(self) -> dict[str, object]:
        return {
            "from": (self.from_ - _EPOCH) // _MICROSECOND,
            "to": (self.to - _EPOCH) // _MICROSECOND,
            "from_hour": _seconds(self.from_hour),
            "to_hour": _seconds(_floored(self.to + _HOUR - _MICROSECOND)),
            "from_whole": _seconds(self.from_whole),
            "to_whole": _seconds(self.to_whole),
        }


def span(query: UsageQuery) -> Span:
    """What the query covers, within the instants that an event may have."""
    start = max(query.start or EARLIEST, EARLIEST)
    return Span(start, max(start, min(query.to or LATEST, LATEST)))


def reads_hours(query: UsageQuery) -> bool:
    """Whether whole hours answer the query: they must not straddle its windows nor its cutoff."""
    covered = span(query)
    if query.stored_before is not None or covered.from_whole >= covered.to_whole or query.window is WindowSize.MINUTE:
        return False
    return query.window is None or _has_whole_hours(query.time_zone.key, covered.from_.year, covered.to.year)


def dirty_hours_sql(namespace: str, query: UsageQuery, limit: int) -> tuple[str, dict[str, object]]:
    known = {"namespace": namespace, "meter_id": query.meter.id, "limit": limit}
    return _SQL["dirty_hours"], known | span(query).parameters()


def usage_sql(namespace: str, query: UsageQuery, dirty: Collection[int] | None) -> tuple[str, dict[str, object]]:
    """The query's text and parameters.

    Args:
        namespace: whose usage.
        query: what is asked.
        dirty: the hours (Unix seconds) that the rollup does not know well; None: no hour comes from the rollup.
    """
    covered = span(query)
    bounds = covered.parameters()
    parameters = Parameters(namespace=namespace, meter_id=query.meter.id, dirty=sorted(dirty or ()), **bounds)
    shared = "".join(f"\n  AND {text}" for text in _conditions(query, parameters))
    parts = []
    if dirty is not None:
        parts.append(_SQL["hours"].format(conditions=shared))
    if dirty is None or dirty or bounds["from_hour"] != bounds["from_whole"] or bounds["to_hour"] != bounds["to_whole"]:
        parts.append(_SQL["rows"].format(conditions=shared + _only_rows(query, dirty, parameters)))
    text = _SQL["usage"].format(
        window=_window(query, parameters), groups=_groups(query, parameters), parts="\nUNION ALL\n".join(parts)
    )
    return text, parameters.values


def _only_rows(query: UsageQuery, dirty: Collection[int] | None, parameters: Parameters) -> str:
    text = ""
    if query.stored_before is not None:
        cutoff = parameters.bind((query.stored_before - _EPOCH) // _MICROSECOND)
        text += f"\n  AND stored_at < fromUnixTimestamp64Micro(toInt64({cutoff}))"
    if dirty is not None:
        listed = ", ".join(f"toDateTime({hour})" for hour in sorted(dirty)) or "toDateTime(0)"
        text += f"\n  AND {_SQL['outside_of_hours'].format(dirty=f'({listed})')}"
    return text


def _conditions(query: UsageQuery, parameters: Parameters) -> list[str]:
    texts = []
    if query.subjects is not None:
        texts.append(f"subject IN {parameters.bind(list(query.subjects))}")
    if query.customers is not None:
        texts.append(f"subject IN {parameters.bind(list(query.customers))}")
    for name, wanted in query.filters.items():
        texts.append(condition(wanted, f"group_by[{parameters.bind(name)}]", parameters))
    return texts


def _window(query: UsageQuery, parameters: Parameters) -> str:
    if query.window is None:
        return "0"
    return f"toUnixTimestamp({_WINDOWS[query.window].format(zone=parameters.bind(query.time_zone.key))})"


def _groups(query: UsageQuery, parameters: Parameters) -> str:
    return f"[{', '.join(_group(name, query, parameters) for name in query.group_by)}]::Array(String)"


def _group(name: str, query: UsageQuery, parameters: Parameters) -> str:
    if name == SUBJECT:
        return "subject"
    if name == CUSTOMER:
        customers = query.customers or {}
        subjects, ids = parameters.bind(list(customers)), parameters.bind(list(customers.values()))
        return f"transform(subject, {subjects}, {ids}, '')"
    return f"group_by[{parameters.bind(name)}]"


def _floored(at: datetime) -> datetime:
    return at.replace(minute=0, second=0, microsecond=0)


def _seconds(at: datetime) -> int:
    return (at - _EPOCH) // timedelta(seconds=1)


@lru_cache(maxsize=1024)
def _has_whole_hours(zone: str, first_year: int, last_year: int) -> bool:
    """Whether the zone differs from UTC by whole hours throughout these years, so that windows begin where hours do."""
    at, end = datetime(first_year, 1, 1, tzinfo=UTC), datetime(min(last_year + 1, 9999), 1, 1, tzinfo=UTC)
    info = ZoneInfo(zone)
    while at < end:
        if (info.utcoffset(at.astimezone(info)) or timedelta()) % _HOUR:
            return False
        at += _SAMPLE
    return True
