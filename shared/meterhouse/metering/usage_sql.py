"""The SQL of a usage query: which hours and days come from the rollups, which from the values themselves."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from meterhouse.metering.aggregation import Aggregation
from meterhouse.metering.clickhouse_filter import Parameters, condition
from meterhouse.metering.model import TWINS
from meterhouse.metering.span import HOUR, Whole, rollups, span
from meterhouse.metering.usage import CUSTOMER, SUBJECT, UsageQuery, WindowSize
from meterhouse.platform.sql import queries

_SQL = queries("meterhouse.metering", "usage.sql")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_NEVER = "toDateTime(4294967295)"
"""Stands in for an empty list: later than any event may be."""
_WINDOWS = {
    WindowSize.MINUTE: "toStartOfMinute(at, {zone})",
    WindowSize.HOUR: "toStartOfHour(at, {zone})",
    WindowSize.DAY: "toStartOfDay(at, {zone})",
    WindowSize.MONTH: "toDateTime(toStartOfMonth(at, {zone}), {zone})",
}


@dataclass(frozen=True, slots=True)
class _Reading:
    """What an aggregation takes of a value's row and of a rollup's, and how it makes one number of both."""

    row: str
    rollup: str
    total: str = "toString(sum(value))"
    events: str = "1"


@dataclass(frozen=True, slots=True)
class _Wanted:
    """Conditions of the query: those on the tables' keys, which all writings of an event share, and the others."""

    keys: list[str]
    others: list[str]


_LATEST = (
    # one wide number for (last, bitNot(place)): tuples are compared ten times slower
    "toString(argMax(value, bitShiftLeft(toUInt256(toUnixTimestamp64Micro(last)), 128) + bitNot(place)))"
)
_READINGS = {
    Aggregation.SUM: _Reading("toDecimal256(value, 18) AS value", "total AS value"),
    Aggregation.COUNT: _Reading("toUInt64(1) AS value", "events AS value"),
    Aggregation.AVG: _Reading(
        "toDecimal256(value, 18) AS value, toUInt64(1) AS n", "total AS value, events AS n", events="sum(n)"
    ),
    Aggregation.MIN: _Reading("value", "low AS value", "toString(min(value))"),
    Aggregation.MAX: _Reading("value", "high AS value", "toString(max(value))"),
    Aggregation.LATEST: _Reading(
        "value, time AS last, version AS place", "latest AS value, last_at AS last, latest_version AS place", _LATEST
    ),
    Aggregation.UNIQUE_COUNT: _Reading(
        "arrayReduce('uniqExactState', texts) AS value", "uniques AS value", "toString(uniqExactMerge(value))"
    ),
}


def dirty_hours_sql(namespace: str, query: UsageQuery, limit: int) -> tuple[str, dict[str, object]]:
    known = {"namespace": namespace, "meter_id": query.meter.id, "limit": limit}
    return _SQL["dirty_hours"], known | _bounds(query)


def usage_sql(
    namespace: str, query: UsageQuery, dirty: Collection[int] | None, limit: int
) -> tuple[str, dict[str, object]]:
    """The query's text and parameters.

    Args:
        namespace: whose usage.
        query: what is asked.
        dirty: the hours (Unix seconds) that the rollups do not know well; None: nothing comes from the rollups.
        limit: the most rows of the answer.
    """
    parameters = parameters_of(namespace, query)
    reading = _READINGS[query.meter.aggregation]
    # each group a column: an array of them would be hashed byte by byte
    groups = [f", {_group(name, query, parameters)} AS g{index}" for index, name in enumerate(query.group_by)]
    text = _SQL["usage"].format(
        window=_window(query, parameters),
        groups="".join(groups),
        keys="".join(f", g{index}" for index in range(len(groups))),
        total=reading.total,
        events=reading.events,
        first_at="toUnixTimestamp(min(first_at))" if _is_unbounded(query) else "0",
        last_at="toUnixTimestamp(max(last_at))" if _is_unbounded(query) else "0",
        parts=parts_sql(query, dirty, parameters),
        limit=limit,
    )
    return text, parameters.values


def aggregates(aggregation: Aggregation) -> tuple[str, str]:
    """What makes one number of the parts' rows, and how many events an average is of."""
    reading = _READINGS[aggregation]
    return reading.total, reading.events


def parameters_of(namespace: str, query: UsageQuery) -> Parameters:
    return Parameters(namespace=namespace, meter_id=query.meter.id, **_bounds(query))


def parts_sql(query: UsageQuery, dirty: Collection[int] | None, parameters: Parameters) -> str:
    """What the query counts, row by row: of days, of hours, of values, each in its own SELECT."""
    wanted = _wanted(query, parameters)
    parts, read = [], [] if dirty is None else rollups(query, dirty)
    for coarser, whole in zip([None, *read], read, strict=False):
        if coarser is None or _leaves(whole, coarser):
            parts.append(_rollup(query, whole, coarser, wanted))
    if _needs_rows(query, read):
        parts.append(_rows(query, read[-1] if read else None, wanted, parameters))
    return _naming(query, parameters) + "\nUNION ALL\n".join(parts)


def values_sql(query: UsageQuery, columns: str, keys: list[str], parameters: Parameters) -> str:
    """The `columns` of all that the query counts, value by value; `keys` are further conditions on the table's key."""
    wanted = _wanted(query, parameters)
    values = _values(query, columns, _Wanted([*wanted.keys, *keys], wanted.others), parameters)
    return _naming(query, parameters) + values


def _wanted(query: UsageQuery, parameters: Parameters) -> _Wanted:
    return _Wanted([f"subject IN {name}" for name in _asked(query)], list(_of_groups(query, parameters)))


def _bounds(query: UsageQuery) -> dict[str, object]:
    covered = span(query)
    from_hour, to_hour = covered.hours
    return {"from": covered.from_, "to": covered.to, "from_hour": from_hour, "to_hour": to_hour}


def _rollup(query: UsageQuery, whole: Whole, coarser: Whole | None, wanted: _Wanted) -> str:
    beside = [] if coarser is None else [_beside("start", coarser)]
    return _SQL["rollups"].format(
        columns=_columns(query, "start", _READINGS[query.meter.aggregation].rollup, "first_at", "last_at"),
        seconds=whole.seconds,
        from_=whole.from_,
        to=whole.to,
        dirty=_listed(whole),
        keys=_all([*beside, *wanted.keys]),
        conditions=_all(wanted.others),
    )


def _rows(query: UsageQuery, whole: Whole | None, wanted: _Wanted, parameters: Parameters) -> str:
    beside = [] if whole is None else [_beside("hour", whole)]
    at = "time" if _is_finer_than_hours(query) else "hour"
    columns = _columns(query, at, _READINGS[query.meter.aggregation].row, "time AS first_at", "time AS last_at")
    return _values(query, columns, _Wanted([*beside, *wanted.keys], wanted.others), parameters)


def _values(query: UsageQuery, columns: str, wanted: _Wanted, parameters: Parameters) -> str:
    conditions = list(wanted.others)
    if span(query).cuts_an_hour:
        conditions.append(_SQL["cut"])
    if query.accepted_before is not None:
        cutoff = parameters.bind((query.accepted_before - _EPOCH) // _MICROSECOND)
        conditions.append(f"ingested_at < fromUnixTimestamp64Micro(toInt64({cutoff}))")
    conditions += _without(query, parameters)
    if not _asked(query):
        conditions.append(f"revision < {TWINS}")
    return _SQL["rows"].format(columns=columns, keys=_all(wanted.keys), conditions=_all(conditions))


def _columns(query: UsageQuery, at: str, value: str, first_at: str, last_at: str) -> str:
    """Only what the query needs: each column beside the value costs as much as the value."""
    named = set(query.group_by)
    columns = [value]
    if query.window is not None or query.cuts:
        columns.append(f"{at} AS at")
    if named & {SUBJECT, CUSTOMER}:
        columns.append("subject")
    if named - {SUBJECT, CUSTOMER}:
        columns.append("group_by")
    if _is_unbounded(query):
        columns += [first_at, last_at]
    return ", ".join(columns)


def _is_finer_than_hours(query: UsageQuery) -> bool:
    """Whether windows, or parts, may begin inside an hour."""
    if query.cuts:
        return any(at.minute for at in query.cuts)
    return query.window is WindowSize.MINUTE or query.time_zone.key != "UTC"


def _needs_rows(query: UsageQuery, read: list[Whole]) -> bool:
    """Whether the finest rollup leaves anything out."""
    if not read:
        return True
    finest = read[-1]
    return bool(finest.dirty) or span(query).hours != (finest.from_, finest.to)


def _leaves(whole: Whole, coarser: Whole) -> bool:
    """Whether the coarser rollup leaves something of the period to this one."""
    return bool(coarser.dirty) or (whole.from_, whole.to) != (coarser.from_, coarser.to)


def _beside(hour: str, whole: Whole) -> str:
    start = hour if whole.seconds == HOUR else f"toStartOfDay({hour})"
    return _SQL["beside"].format(start=start, from_=whole.from_, to=whole.to, dirty=_listed(whole))


def _listed(whole: Whole) -> str:
    return ", ".join(f"toDateTime({at})" for at in whole.dirty) or _NEVER


def _all(conditions: list[str]) -> str:
    return "\n  ".join(f"AND {text}" for text in conditions)


def _asked(query: UsageQuery) -> dict[str, list[str]]:
    """Lists of subjects, by a name of ours: only who stands in all of them counts."""
    given = {"asked_subjects": query.subjects, "customers_subjects": query.customers}
    return {name: list(subjects) for name, subjects in given.items() if subjects is not None}


def _naming(query: UsageQuery, parameters: Parameters) -> str:
    """Before the first of the parts, and known in all: a batch of customers names megabytes of subjects."""
    named = ", ".join(f"{parameters.bind(subjects)} AS {name}" for name, subjects in _asked(query).items())
    return f"WITH {named}\n" if named else ""


def _of_groups(query: UsageQuery, parameters: Parameters) -> Iterator[str]:
    for name, wanted in query.filters.items():
        yield condition(wanted, f"group_by[{parameters.bind(name)}]", parameters)


def _without(query: UsageQuery, parameters: Parameters) -> Iterator[str]:
    anyone = [(event.source, event.id) for event in query.without if event.subjects is None]
    theirs = [(subject, event.source, event.id) for event in query.without for subject in event.subjects or ()]
    if anyone:
        yield f"(source, id) NOT IN {parameters.bind(anyone)}"
    if theirs:
        yield f"(subject, source, id) NOT IN {parameters.bind(theirs)}"


def _is_unbounded(query: UsageQuery) -> bool:
    """Whether the row's window is made of the events' own times."""
    return query.window is None and (query.from_ is None or query.to is None)


def _window(query: UsageQuery, parameters: Parameters) -> str:
    if query.window is None:
        return "0"
    return f"toUnixTimestamp({_WINDOWS[query.window].format(zone=parameters.bind(query.time_zone.key))})"


def _group(name: str, query: UsageQuery, parameters: Parameters) -> str:
    if name == SUBJECT:
        return "subject"
    if name == CUSTOMER:
        customers = query.customers or {}
        subjects, ids = parameters.bind(list(customers)), parameters.bind(list(customers.values()))
        return f"transform(subject, {subjects}, {ids}, '')"
    text = f"group_by[{parameters.bind(name)}]"
    steps = query.steps.get(name)
    if not steps:
        return text
    number = f"toUInt64OrNull(replaceRegexpOne({text}, '[.]0+$', ''))"
    # the greatest first: a number is told by the greatest step that it exceeds; nothing exceeds no number
    exceeded = ", ".join(f"{number} > {step}, '{step}'" for step in sorted(map(int, steps), reverse=True))
    return f"multiIf({exceeded}, '')"
