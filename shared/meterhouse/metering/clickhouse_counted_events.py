"""The events behind a usage number, in ClickHouse: read along the table's key, page by page."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from meterhouse.metering.aggregation import Aggregation
from meterhouse.metering.clickhouse_filter import Parameters
from meterhouse.metering.counted_events import CountedEvent, CountedPlace
from meterhouse.metering.usage import UsageQuery
from meterhouse.metering.usage_sql import parameters_of, values_sql
from meterhouse.platform.clickhouse import ClickHouse
from meterhouse.platform.sql import queries

_SQL = queries("meterhouse.metering", "counted_events.sql")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND = timedelta(seconds=1)
_MICROSECOND = timedelta(microseconds=1)
_ONE = Decimal(1)
_SETTINGS = {
    "do_not_merge_across_partitions_select_final": 1,
    # a customer may have thousands of subjects
    "max_query_size": 16 * 1024 * 1024,
}


class ClickHouseCountedEvents:
    def __init__(self, store: ClickHouse) -> None:
        self._store = store

    def page(self, namespace: str, query: UsageQuery, after: CountedPlace | None, limit: int) -> list[CountedEvent]:
        """At most `limit` of the events that the query counts, those that follow `after`, in the order of their places.

        Raises:
            Unavailable: the store did not answer.
        """
        if query.only == ():
            return []
        text, parameters = counted_events_sql(namespace, query, after, limit)
        return [_counted(query.meter.aggregation, *row) for row in self._store.query(text, parameters, _SETTINGS)]


def counted_events_sql(
    namespace: str, query: UsageQuery, after: CountedPlace | None, limit: int
) -> tuple[str, dict[str, object]]:
    parameters = parameters_of(namespace, query)
    keys = [] if after is None else [_following(after, parameters)]
    values = values_sql(query, _SQL["columns"], keys, parameters)
    return _SQL["page"].format(values=values, limit=limit), parameters.values


def _following(after: CountedPlace, parameters: Parameters) -> str:
    hour = f"toDateTime({parameters.bind((after.hour - _EPOCH) // _SECOND)})"
    subject, source, event_id = (parameters.bind(text) for text in (after.subject, after.source, after.id))
    return _SQL["following"].format(subject=subject, hour=hour, source=source, id=event_id)


def _counted(
    aggregation: Aggregation,
    subject: str,
    hour: int,
    source: str,
    event_id: str,
    time: int,
    value: str,
    texts: list[str],
    ingested_at: int,
    stored_at: int,
) -> CountedEvent:
    return CountedEvent(
        place=CountedPlace(subject, _EPOCH + hour * _SECOND, source, event_id),
        time=_EPOCH + time * _MICROSECOND,
        value=_value(aggregation, value),
        texts=tuple(texts),
        ingested_at=_EPOCH + ingested_at * _MICROSECOND,
        stored_at=_EPOCH + stored_at * _MICROSECOND,
    )


def _value(aggregation: Aggregation, value: str) -> Decimal | None:
    if aggregation is Aggregation.COUNT:
        return _ONE
    return Decimal(value) if aggregation.reads_number else None
