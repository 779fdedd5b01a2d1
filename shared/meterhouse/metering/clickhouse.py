"""Usage in ClickHouse: clean days and hours from the rollups, the rest from the values themselves, exact."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_EVEN, Context, Decimal

from meterhouse.kernel.errors import Unprocessable
from meterhouse.metering.aggregation import DECIMALS, Aggregation
from meterhouse.metering.cut_usage_sql import (
    Layer,
    dirty_by_meter,
    layers_of,
    parts_of,
    parts_of_layer_sql,
    place_and_start,
    together,
)
from meterhouse.metering.cut_usage_sql import dirty_hours_sql as many_dirty_hours_sql
from meterhouse.metering.span import reads_rollups
from meterhouse.metering.usage import CUSTOMER, SUBJECT, UsageQuery, UsageRow
from meterhouse.metering.usage_sql import dirty_hours_sql, usage_sql
from meterhouse.platform.clickhouse import ClickHouse

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MINUTE = 60
_MOST_DIRTY_HOURS = 2_000
"""With more of them the rollups save nothing."""
_QUANTUM = Decimal(1).scaleb(-DECIMALS)
_WIDE = Context(prec=78, rounding=ROUND_HALF_EVEN)
_ALL_ROWS = 1 << 40
_MOST_CHARACTERS = 8 * 1024 * 1024
_SETTINGS = {
    # the hour is in both keys, so rows of one key never stand in two partitions
    "do_not_merge_across_partitions_select_final": 1,
    # a batch of customers names thousands of subjects
    "max_query_size": 16 * 1024 * 1024,
}


class ClickHouseUsage:
    def __init__(self, store: ClickHouse) -> None:
        self._store = store

    def query(self, namespace: str, query: UsageQuery) -> list[UsageRow]:
        """Rows in order of window and group; groups without usage are left out.

        Raises:
            Unprocessable: more rows than the query allows.
            Unavailable: the store did not answer.
        """
        if query.subjects == () or query.customers == {}:
            return []
        if query.cuts:
            return self.query_many(namespace, [query])[0]
        limit = 1 + (_ALL_ROWS if query.most_rows is None else query.most_rows)
        text, parameters = usage_sql(namespace, query, self._dirty(namespace, query), limit)
        rows = self._store.query(text, parameters, _SETTINGS)
        if query.most_rows is not None and len(rows) > query.most_rows:
            remedy = "ask for a shorter period, larger windows or fewer groups"
            raise Unprocessable(f"the answer has more than {query.most_rows} rows: {remedy}", "too_many_rows")
        return [_row(query, *row) for row in rows]

    def query_many(self, namespace: str, asked: Sequence[UsageQuery]) -> list[list[UsageRow]]:
        """For each bounded query the rows of its parts, in order; a query without cuts is one part.

        Two round trips, however many queries there are, unless their subjects fill several statements.

        Raises:
            Unavailable: the store did not answer.
        """
        layers = layers_of(asked)
        dirty = self._dirty_of_meters(namespace, layers)
        statements = [parts_of_layer_sql(namespace, layer, dirty.get(layer.joined.meter.id, ())) for layer in layers]
        found: dict[tuple[int, datetime], Decimal] = {}
        for text, parameters in together(statements, _MOST_CHARACTERS):
            for part, total, events in self._store.query(text, parameters, _SETTINGS):
                place, start = place_and_start(part)
                found[place, start] = _value(asked[place].meter.aggregation, Decimal(total), events)
        return [
            [UsageRow(found[place, start], start, end) for start, end in parts.items() if (place, start) in found]
            for place, parts in enumerate(map(parts_of, asked))
        ]

    def subjects(self, namespace: str, query: UsageQuery) -> list[str]:
        """The distinct subjects with usage, in order."""
        return sorted({row.subject for row in self.query(namespace, query) if row.subject is not None})

    def group_by_values(self, namespace: str, query: UsageQuery) -> list[str]:
        """The distinct values of the one group-by key that the query asks for, in order."""
        [key] = query.group_by
        return sorted(value for row in self.query(namespace, query) if (value := row.group_by[key]) is not None)

    def _dirty(self, namespace: str, query: UsageQuery) -> list[int] | None:
        """Asked before the usage: an hour that is clean then is at least as fresh in the rollup that is read next."""
        if not reads_rollups(query):
            return None
        text, parameters = dirty_hours_sql(namespace, query, _MOST_DIRTY_HOURS + 1)
        hours = [hour for (hour,) in self._store.query(text, parameters)]
        return None if len(hours) > _MOST_DIRTY_HOURS else hours

    def _dirty_of_meters(self, namespace: str, layers: Sequence[Layer]) -> Mapping[str, list[int] | None]:
        statement = many_dirty_hours_sql(namespace, layers, _MOST_DIRTY_HOURS + 1)
        rows = [] if statement is None else self._store.query(*statement, _SETTINGS)
        return dirty_by_meter(rows, _MOST_DIRTY_HOURS)


def _row(
    query: UsageQuery, window_start: int, total: str, events: int, first_at: int, last_at: int, *groups: str
) -> UsageRow:
    named = dict(zip(query.group_by, groups, strict=True))
    subject, customer = named.pop(SUBJECT, None), named.pop(CUSTOMER, None)
    start, end = _window(query, window_start, first_at, last_at)
    group_by = {name: value or None for name, value in named.items()}
    return UsageRow(
        _value(query.meter.aggregation, Decimal(total), events), start, end, subject, customer or None, group_by
    )


def _value(aggregation: Aggregation, total: Decimal, events: int) -> Decimal:
    """An average is the exact sum over the count, rounded half even to as many decimals as values have."""
    if aggregation is not Aggregation.AVG:
        return total
    return _WIDE.quantize(_WIDE.divide(total, events), _QUANTUM)


def _window(query: UsageQuery, window_start: int, first_at: int, last_at: int) -> tuple[datetime, datetime]:
    """The row's window; without windows the period asked for, or else the minutes that hold its events."""
    if query.window is not None:
        start = _at(window_start)
        return start, query.window.end(start, query.time_zone)
    return query.from_ or _at(first_at - first_at % _MINUTE), query.to or _at(last_at - last_at % _MINUTE + _MINUTE)


def _at(seconds: int) -> datetime:
    return _EPOCH + timedelta(seconds=seconds)
