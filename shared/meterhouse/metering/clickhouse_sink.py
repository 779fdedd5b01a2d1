"""The sink's writings in ClickHouse: one column-wise insert a table and batch."""

from __future__ import annotations

import struct
from collections import defaultdict
from itertools import chain
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from meterhouse.metering.batch import EventBatch, EventKey, microseconds
from meterhouse.metering.written import unpacked
from meterhouse.platform.sql import queries

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime

    from meterhouse.metering.matching import MeterReading
    from meterhouse.platform.clickhouse import ClickHouse

_SQL = queries("meterhouse.metering", "sink.sql")
_ANY_NUMBER_OF_DAYS = {"max_partitions_per_insert_block": 0}
_IDENTITIES_A_LOOKUP = 50_000
_LOOKUP = {"max_query_size": 2 * 1024 * 1024}
"""Sixteen digits an identity."""
_KEY = (
    "namespace",
    "subject",
    "hour",
    "source",
    "id",
    "time",
    "ingested_at",
    "stored_at",
    "partition",
    "offset",
    "position",
)
_EVENT = ("type", "time_given", "data", "datacontenttype", "dataschema", "validation_error", "identity")
_VALUE = ("meter_id", "value", "texts", "counts", "group_by", "revision", "superseded")
Columns = list["Sequence[Any]"]


class ClickHouseSink:
    def __init__(self, store: ClickHouse) -> None:
        self._store = store

    def add_events(self, batch: EventBatch, faults: Sequence[str]) -> None:
        wire = batch.events
        columns: Columns = [
            [event.type for event in wire],
            [event.time is not None for event in wire],
            [_data(bytes(event.data)) for event in wire],
            [event.datacontenttype or "" for event in wire],
            [event.dataschema or "" for event in wire],
            faults,
            batch.identities,
        ]
        self._store.insert("events", (*_KEY, *_EVENT), [*_key_columns(batch), *columns], _ANY_NUMBER_OF_DAYS)

    def add_values(self, batch: EventBatch, readings: Sequence[MeterReading]) -> None:
        keys = _key_columns(batch)
        taken = [list(_taken(column, readings)) for column in keys]
        columns: Columns = [
            list(chain.from_iterable([reading.meter.id] * len(reading.rows) for reading in readings)),
            list(chain.from_iterable(reading.values.values for reading in readings)),
            list(chain.from_iterable(reading.values.texts for reading in readings)),
            [not fault for reading in readings for fault in reading.values.faults],
            list(chain.from_iterable(reading.values.groups for reading in readings)),
            list(chain.from_iterable([reading.meter.revision] * len(reading.rows) for reading in readings)),
            [False] * len(taken[0]),
        ]
        self._store.insert("meter_values", (*_KEY, *_VALUE), [*taken, *columns], _ANY_NUMBER_OF_DAYS)

    def later_writings(self, batch: EventBatch) -> list[EventKey]:
        by_namespace: dict[str, set[int]] = defaultdict(set)
        for namespace, identity in zip(batch.namespaces, batch.identities, strict=True):
            by_namespace[namespace].add(identity)
        return [
            key
            for namespace, identities in by_namespace.items()
            for looked_up in _chunks(sorted(identities))
            for key in self._later(namespace, self._repeated(namespace, looked_up))
        ]

    def _repeated(self, namespace: str, identities: list[int]) -> list[int]:
        """Those written more than once, under whatever keys: nearly always none, found without reading any key."""
        text = _SQL["repeated"].format(identities=_packed(identities))
        return [found for (found,) in self._store.query(text, {"namespace": namespace}, _LOOKUP)]

    def _later(self, namespace: str, identities: list[int]) -> Iterator[EventKey]:
        if not identities:
            return
        text = _SQL["later_writings"].format(identities=_packed(identities))
        for row in self._store.query(text, {"namespace": namespace}, _LOOKUP):
            yield EventKey(namespace, *row)

    def supersede(self, keys: Sequence[tuple[str, EventKey]], stored_at: datetime) -> None:
        count, firsts = len(keys), [unpacked(key.first) for _, key in keys]
        data: Columns = [
            [key.namespace for _, key in keys],
            [key.subject for _, key in keys],
            [key.hour for _, key in keys],
            [key.source for _, key in keys],
            [key.id for _, key in keys],
            [key.hour * 1_000_000 for _, key in keys],
            [first.ingested_ms * 1000 for first in firsts],
            [microseconds(stored_at)] * count,
            [first.partition for first in firsts],
            [first.offset for first in firsts],
            [first.position for first in firsts],
            [meter_id for meter_id, _ in keys],
            [0] * count,
            [[]] * count,
            [False] * count,
            [{}] * count,
            [0] * count,
            [True] * count,
        ]
        self._store.insert("meter_values", (*_KEY, *_VALUE), data, _ANY_NUMBER_OF_DAYS)

    def mark_dirty(self, hours: Iterable[tuple[str, str, int]], mark: str) -> None:
        marked = list(hours)
        data: Columns = [
            [namespace for namespace, _, _ in marked],
            [meter_id for _, meter_id, _ in marked],
            [hour for _, _, hour in marked],
            [mark] * len(marked),
            [0] * len(marked),
        ]
        names = ("namespace", "meter_id", "hour", "mark", "covered")
        self._store.insert("dirty_hours", names, data, _ANY_NUMBER_OF_DAYS)


def _key_columns(batch: EventBatch) -> Columns:
    wire = batch.events
    return [
        batch.namespaces,
        [event.subject for event in wire],
        batch.hours(),
        [event.source for event in wire],
        [event.id for event in wire],
        batch.times,
        batch.ingested,
        batch.stored,
        batch.partitions,
        batch.offsets,
        batch.positions,
    ]


def _taken(column: Sequence[Any], readings: Sequence[MeterReading]) -> Iterator[Any]:
    """The column's entries for the rows of each reading, one reading after the other."""
    for reading in readings:
        if len(reading.rows) == len(column):
            yield from column
        elif len(reading.rows) == 1:
            yield column[reading.rows[0]]
        else:
            yield from itemgetter(*reading.rows)(column)


def _data(data: bytes) -> str:
    return "" if data == b"null" else data.decode()


def _packed(identities: list[int]) -> str:
    """A subquery that yields them: one literal, since ClickHouse takes half a microsecond to parse each of many."""
    digits = struct.pack(f"<{len(identities)}Q", *identities).hex()
    return _SQL["packed"].format(digits=digits, count=len(identities))


def _chunks(identities: list[int]) -> Iterable[list[int]]:
    for start in range(0, len(identities), _IDENTITIES_A_LOOKUP):
        yield identities[start : start + _IDENTITIES_A_LOOKUP]
