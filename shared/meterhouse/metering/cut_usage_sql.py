"""The SQL of many cut usage queries at once: those on one meter and filter, to one end, are read as one.

A part is told by one number, `asked << 32 | start`: the query's place in the list, and where the part begins in Unix
seconds. So a binary search in a constant array finds the part of a row, whosever it is.
"""

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any

from meterhouse.metering.aggregation import Aggregation
from meterhouse.metering.clickhouse_filter import Parameters
from meterhouse.metering.span import reads_rollups, span
from meterhouse.metering.usage import SUBJECT, UsageQuery
from meterhouse.metering.usage_sql import aggregates, parameters_of, parts_sql
from meterhouse.platform.sql import queries

_SQL = queries("meterhouse.metering", "cut_usage.sql")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_PARAMETER = re.compile(r"%\((\w+)\)s")
_MOST_SUBJECTS = 10_000
"""Of one layer: they stand several times in its text."""

Statement = tuple[str, dict[str, object]]


@dataclass
class Layer:
    """Queries, by their place in the list, that share all but subjects and cuts; no subject is in two of them."""

    queries: dict[int, UsageQuery] = field(default_factory=dict)
    subjects: set[str] = field(default_factory=set)

    def takes(self, query: UsageQuery) -> bool:
        """A query for everyone stands alone."""
        own = query.only
        if own is None or not self.subjects:
            return not self.queries
        return len(self.subjects) + len(own) <= _MOST_SUBJECTS and self.subjects.isdisjoint(own)

    def add(self, place: int, query: UsageQuery) -> None:
        self.queries[place] = query
        self.subjects.update(query.only or ())

    @cached_property
    def joined(self) -> UsageQuery:
        """What all of them read, cut wherever one is cut; asked once all are there."""
        first = next(iter(self.queries.values()))
        starts = sorted({start for query in self.queries.values() for start in starts_of(query)})
        return replace(
            first,
            from_=starts[0],
            cuts=tuple(starts),
            without=tuple(
                replace(event, subjects=query.only) for query in self.queries.values() for event in query.without
            ),
            subjects=tuple(sorted(self.subjects)) or None,
            customers=None,
            group_by=(SUBJECT,) if len(self.queries) > 1 else (),
        )


def starts_of(query: UsageQuery) -> tuple[datetime, ...]:
    """Where the parts begin."""
    if query.from_ is None:
        raise ValueError("a cut query is bounded")
    return (query.from_, *query.cuts)


def parts_of(query: UsageQuery) -> dict[datetime, datetime]:
    """The ends of the parts by their starts, in order."""
    if query.to is None:
        raise ValueError("a cut query is bounded")
    return dict(zip(starts_of(query), (*query.cuts, query.to), strict=True))


def layers_of(asked: Sequence[UsageQuery]) -> list[Layer]:
    """As few as may be; queries that name nobody are in none."""
    found: dict[Any, list[Layer]] = {}
    for place, query in enumerate(asked):
        if query.only == ():
            continue
        filters = tuple(sorted(query.filters.items(), key=lambda named: named[0]))
        alike = found.setdefault((query.meter.id, filters, query.to, query.accepted_before), [])
        layer = next((layer for layer in alike if layer.takes(query)), None)
        if layer is None:
            layer = Layer()
            alike.append(layer)
        layer.add(place, query)
    return [layer for alike in found.values() for layer in alike]


def dirty_hours_sql(namespace: str, layers: Iterable[Layer], limit: int) -> Statement | None:
    """Rows (meter id, hour): what no rollup knows well; None where none is read. At most `limit` hours a meter."""
    hours: dict[str, list[tuple[int, int]]] = {}
    for query in (layer.joined for layer in layers):
        if reads_rollups(query):
            hours.setdefault(query.meter.id, []).append(span(query).hours)
    if not hours:
        return None
    parameters = Parameters(namespace=namespace, limit=limit)
    meters = (
        _SQL["hours_of"].format(
            meter_id=parameters.bind(meter_id),
            from_hour=min(from_hour for from_hour, _ in spans),
            to_hour=max(to_hour for _, to_hour in spans),
        )
        for meter_id, spans in hours.items()
    )
    return _SQL["dirty_hours"].format(meters="\n  OR ".join(meters)), parameters.values


def parts_of_layer_sql(namespace: str, layer: Layer, dirty: Collection[int] | None) -> Statement:
    """Rows (part, total, events) of a layer; `dirty` as in `usage_sql`."""
    joined = layer.joined
    parameters = parameters_of(namespace, joined)
    total, events = aggregates(joined.meter.aggregation)
    is_unique = joined.meter.aggregation is Aggregation.UNIQUE_COUNT
    text = _SQL["unique_parts" if is_unique else "parts"].format(
        asked=_asked(layer, parameters),
        starts=_numbers(layer, starts_of),
        periods=_numbers(layer, _periods) if is_unique else "",
        total=total,
        events=events,
        parts=parts_sql(joined, dirty, parameters),
    )
    return text, parameters.values


def together(statements: Sequence[Statement], most_characters: int) -> Iterator[Statement]:
    """As few statements as may be, none longer than that but where one alone is."""
    chosen: list[Statement] = []
    length = 0
    for statement in statements:
        size = _length(statement)
        if chosen and length + size > most_characters:
            yield _united(chosen)
            chosen, length = [], 0
        chosen.append(statement)
        length += size
    if chosen:
        yield _united(chosen)


def place_and_start(part: int) -> tuple[int, datetime]:
    return part >> 32, _EPOCH + timedelta(seconds=part & 0xFFFF_FFFF)


def _asked(layer: Layer, parameters: Parameters) -> str:
    """Which query a row belongs to, by its subject."""
    if len(layer.queries) == 1:
        return str(next(iter(layer.queries)))
    owners = {subject: place for place, query in layer.queries.items() for subject in query.only or ()}
    return f"transform(subject, {parameters.bind(list(owners))}, {_array(owners.values())}, 0)"


def _numbers(layer: Layer, instants: Callable[[UsageQuery], Iterable[datetime]]) -> str:
    """Parts by number; of each query one more at 0, into which falls what is before its own beginning."""
    numbers = {
        (place << 32) + second
        for place, query in layer.queries.items()
        for second in (0, *((at - _EPOCH) // timedelta(seconds=1) for at in instants(query)))
    }
    return _array(sorted(numbers))


def _array(numbers: Iterable[int]) -> str:
    """One literal, folded by the server: of many, driver and server would read each by itself."""
    return f"splitByChar(',', '{','.join(map(str, numbers))}')::Array(UInt64)"


def _periods(query: UsageQuery) -> tuple[datetime, ...]:
    return query.periods or starts_of(query)


def _united(statements: Sequence[Statement]) -> Statement:
    """One statement, its parameters told apart by the place of their part."""
    texts, values = [], dict[str, object]()
    for place, (text, parameters) in enumerate(statements):
        texts.append(_PARAMETER.sub(rf"%(l{place}_\1)s", text))
        values |= {f"l{place}_{name}": value for name, value in parameters.items()}
    return "\nUNION ALL\n".join(texts), values


def _length(statement: Statement) -> int:
    text, parameters = statement
    uses = {name: text.count(f"%({name})s") for name in parameters}
    return len(text) + sum(uses[name] * len(str(value)) for name, value in parameters.items())


def dirty_by_meter(rows: Iterable[tuple[str, int]], most: int) -> Mapping[str, list[int] | None]:
    """The dirty hours of each meter that has any; None: too many for rollups to save anything."""
    found: dict[str, list[int]] = {}
    for meter_id, hour in rows:
        found.setdefault(meter_id, []).append(hour)
    return {meter_id: None if len(hours) > most else hours for meter_id, hours in found.items()}
