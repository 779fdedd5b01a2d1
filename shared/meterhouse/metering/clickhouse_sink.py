"""The sink's writings in ClickHouse: one column-wise insert a table and batch."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta

from meterhouse.metering.extract import MeterValue
from meterhouse.metering.sink import EventKey, SunkEvent
from meterhouse.platform.clickhouse import ClickHouse
from meterhouse.platform.sql import queries

_SQL = queries("meterhouse.metering", "sink.sql")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_ANY_NUMBER_OF_DAYS = {"max_partitions_per_insert_block": 0}
_IDENTITIES_A_LOOKUP = 5_000
"""33 bytes each: a query's text stays below ClickHouse's 256 KiB."""
_KEY = ("namespace", "subject", "hour", "source", "id")
_PLACE = ("stored_at", "partition", "offset", "position")
_EVENT = (
    *("type", "time", "time_given", "data", "datacontenttype", "dataschema"),
    *("validation_error", "ingested_at", "identity"),
)
_VALUE = ("meter_id", "time", "value", "counts", "group_by", "superseded")


def microseconds(at: datetime) -> int:
    """How DateTime64(6) holds an instant; a driver's own conversion goes through floats."""
    return (at - _EPOCH) // _MICROSECOND


class ClickHouseSink:
    def __init__(self, store: ClickHouse) -> None:
        self._store = store

    def add_events(self, events: Sequence[SunkEvent], faults: Sequence[str], stored_at: datetime) -> None:
        wire = [event.event for event in events]
        columns: list[Sequence[object]] = [
            [event.key.type for event in events],
            [microseconds(event.time) for event in events],
            [event.time is not None for event in wire],
            [_data(bytes(event.data)) for event in wire],
            [event.datacontenttype or "" for event in wire],
            [event.dataschema or "" for event in wire],
            faults,
            [microseconds(event.ingested_at) for event in events],
            [event.identity for event in events],
        ]
        data = [*_keys([event.key for event in events]), *_places(events, stored_at), *columns]
        self._store.insert("events", (*_KEY, *_PLACE, *_EVENT), data, _ANY_NUMBER_OF_DAYS)

    def add_values(self, values: Sequence[tuple[SunkEvent, MeterValue]], stored_at: datetime) -> None:
        events = [event for event, _ in values]
        columns: list[Sequence[object]] = [
            [value.meter_id for _, value in values],
            [microseconds(event.time) for event in events],
            [value.value for _, value in values],
            [value.fault is None for _, value in values],
            [dict(value.group_by) for _, value in values],
            [False] * len(values),
        ]
        data = [*_keys([event.key for event in events]), *_places(events, stored_at), *columns]
        self._store.insert("meter_values", (*_KEY, *_PLACE, *_VALUE), data, _ANY_NUMBER_OF_DAYS)

    def later_writings(self, events: Sequence[SunkEvent]) -> list[EventKey]:
        by_namespace: dict[str, set[bytes]] = defaultdict(set)
        for event in events:
            by_namespace[event.key.namespace].add(event.identity)
        return [
            EventKey(namespace, type_, subject, hour.replace(tzinfo=UTC), source, event_id)
            for namespace, identities in by_namespace.items()
            for looked_up in _chunks(sorted(identities))
            for type_, subject, hour, source, event_id in self._store.query(
                _SQL["later_writings"],
                {"namespace": namespace, "identities": ",".join(identity.hex() for identity in looked_up)},
            )
        ]

    def supersede(self, keys: Sequence[tuple[str, EventKey]], stored_at: datetime) -> None:
        count = len(keys)
        columns: list[Sequence[object]] = [
            [meter_id for meter_id, _ in keys],
            [microseconds(key.hour) for _, key in keys],
            [0] * count,
            [False] * count,
            [{}] * count,
            [True] * count,
        ]
        nowhere: list[Sequence[object]] = [[microseconds(stored_at)] * count, [0] * count, [0] * count, [0] * count]
        data = [*_keys([key for _, key in keys]), *nowhere, *columns]
        self._store.insert("meter_values", (*_KEY, *_PLACE, *_VALUE), data, _ANY_NUMBER_OF_DAYS)

    def mark_dirty(self, hours: Iterable[tuple[str, str, datetime]], mark: str) -> None:
        marked = list(hours)
        data: list[Sequence[object]] = [
            [namespace for namespace, _, _ in marked],
            [meter_id for _, meter_id, _ in marked],
            [_seconds(hour) for _, _, hour in marked],
            [mark] * len(marked),
            [0] * len(marked),
        ]
        names = ("namespace", "meter_id", "hour", "mark", "covered")
        self._store.insert("dirty_hours", names, data, _ANY_NUMBER_OF_DAYS)


def _keys(keys: Sequence[EventKey]) -> list[Sequence[object]]:
    return [
        [key.namespace for key in keys],
        [key.subject for key in keys],
        [_seconds(key.hour) for key in keys],
        [key.source for key in keys],
        [key.id for key in keys],
    ]


def _places(events: Sequence[SunkEvent], stored_at: datetime) -> list[Sequence[object]]:
    return [
        [microseconds(stored_at)] * len(events),
        [event.partition for event in events],
        [event.offset for event in events],
        [event.position for event in events],
    ]


def _seconds(at: datetime) -> int:
    return microseconds(at) // 1_000_000


def _data(data: bytes) -> str:
    return "" if data == b"null" else data.decode()


def _chunks(identities: list[bytes]) -> Iterable[list[bytes]]:
    for start in range(0, len(identities), _IDENTITIES_A_LOOKUP):
        yield identities[start : start + _IDENTITIES_A_LOOKUP]
