"""Guards of production code, each with a patch that takes it away: the simulation must notice every one."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from typing import Any
from unittest.mock import patch

from meterhouse.kernel.errors import Unavailable
from meterhouse.metering import clickhouse_rollup, kafka_event, usage_sql
from meterhouse.metering.aggregation import Aggregation
from meterhouse.metering.batch import EventBatch
from meterhouse.metering.clickhouse import ClickHouseUsage
from meterhouse.metering.clickhouse_rollup import ClickHouseRollups
from meterhouse.metering.clickhouse_sink import ClickHouseSink
from meterhouse.metering.decode import check_events
from meterhouse.metering.event import LATEST
from meterhouse.metering.ingest import IngestEvents
from meterhouse.metering.matching import Matching, faults_of, match, read_batch
from meterhouse.metering.record import Poison, decode_record
from meterhouse.metering.roll_up import RollUpUsage
from meterhouse.metering.sink import EventWriter, MeterValueWriter, SinkEvents, _touched
from meterhouse.metering.span import DAY, HOUR, Span, Whole
from tests.simulation.columns.schema import Changes


@dataclass(frozen=True)
class Guard:
    """What is taken away: names of production code, or words of its SQL and migrations, by what is there instead."""

    patches: Sequence[tuple[Any, str, Any]] = ()
    words: Sequence[tuple[Any, str, str, str]] = ()
    changes: Changes = ()

    @contextmanager
    def removed(self) -> Iterator[Changes]:
        with ExitStack() as stack:
            for target, name, instead in self.patches:
                stack.enter_context(patch.object(target, name, instead))
            for module, query, old, new in self.words:
                texts: Mapping[str, str] = module._SQL
                assert old in texts[query], f"{query} does not say {old!r}"
                stack.enter_context(patch.dict(module._SQL, {query: texts[query].replace(old, new)}))
            yield self.changes


def _answers_well_whatever_happened(sink: Callable[..., int]) -> Callable[[dict[str, Any]], dict[str, Any]]:
    def handle(event: dict[str, Any]) -> dict[str, Any]:
        with suppress(Unavailable):
            sink(kafka_event.log_records(event))
        return {"batchItemFailures": []}

    return handle


def _accepts_unheard(self: IngestEvents, namespace: str, body: bytes, shape: Any) -> int:
    try:
        return _INGEST(self, namespace, body, shape)
    except Unavailable:
        return check_events(body, shape, self.limits.events).count


_INGEST = IngestEvents.__call__


def _looks_once(self: EventWriter, batch: EventBatch, at: Any) -> None:
    if batch:
        readings = read_batch(batch, self._match(batch))
        self._store.add_events(batch, faults_of(batch, readings))
        self._values(batch, readings, at)


def _asks_live_meters(self: EventWriter, batch: EventBatch) -> Matching:
    return match(lambda namespace: self._meters.of(namespace, LATEST), batch.namespaces)


def _drops_poison(_self: SinkEvents, records: Any) -> EventBatch:
    batch = EventBatch()
    for record in records:
        try:
            request = decode_record(record.value or b"")
        except Poison:
            continue
        batch.add(request.namespace, request.ingested_at, record.partition, record.offset, request.events)
    return batch


def _takes_its_own_time(self: EventBatch, instant: Any) -> None:
    _STORE_AT(self, instant)
    self.times = [
        stored if event.time is None else time
        for stored, event, time in zip(self.stored, self.events, self.times, strict=True)
    ]


_STORE_AT = EventBatch.store_at


def _marks_first(self: MeterValueWriter, batch: EventBatch, readings: Any, at: Any) -> None:
    self._store.mark_dirty(sorted(_touched(batch, readings, ())), self._new_id())
    self._store.add_values(batch, readings)
    self._store.supersede(self._superseded(batch), at)


def _marks_own_rows_alone(self: MeterValueWriter, batch: EventBatch, readings: Any, at: Any) -> None:
    self._store.add_values(batch, readings)
    self._store.supersede(self._superseded(batch), at)
    self._store.mark_dirty(sorted(_touched(batch, readings, ())), self._new_id())


def _supersedes_for_ever(self: ClickHouseSink, keys: Any, stored_at: Any) -> None:
    _SUPERSEDE(self, [(meter_id, key._replace(first=0)) for meter_id, key in keys], stored_at)


_SUPERSEDE = ClickHouseSink.supersede


def _values_that_count(self: ClickHouseSink, batch: EventBatch, readings: Any) -> None:
    counting = [
        replace(reading, rows=rows, values=replace(reading.values, **columns))
        for reading in readings
        for rows, columns in [_counting(reading)]
        if rows
    ]
    _ADD_VALUES(self, batch, counting)


_ADD_VALUES = ClickHouseSink.add_values


def _counting(reading: Any) -> tuple[list[int], dict[str, Any]]:
    sound = [at for at, fault in enumerate(reading.values.faults) if not fault]
    columns = {
        name: [getattr(reading.values, name)[at] for at in sound] for name in ("values", "texts", "groups", "faults")
    }
    return [reading.rows[at] for at in sound], columns


def _covers_first(self: RollUpUsage) -> int:
    dirty = self._rollups.dirty_hours(5_000)
    for hour in dirty:
        self._rollups.cover([hour])
        self._rollups.recompute([hour])
    return len(dirty)


def _covers_all(self: ClickHouseRollups, hours: Any) -> None:
    places = {(dirty.namespace, dirty.meter_id, dirty.hour) for dirty in hours}
    now = [dirty for dirty in self.dirty_hours(5_000) if (dirty.namespace, dirty.meter_id, dirty.hour) in places]
    _COVER(self, now)


_COVER = ClickHouseRollups.cover


def _hours_alone(self: ClickHouseRollups, hours: Any) -> None:
    self._recompute(hours[0], HOUR, [clickhouse_rollup._seconds(dirty) for dirty in hours], "of_values")


def _whole_days_though_dirty(self: Span, seconds: int, dirty: Any) -> Whole:
    return _WHOLE(self, seconds, () if seconds == DAY else dirty)


_WHOLE = Span.whole
_FLOAT = replace(usage_sql._READINGS[Aggregation.SUM], total="toString(sum(toFloat64(value)))")

GUARDS: Mapping[str, Guard] = {
    # the edge and the log
    "accepted-before-the-acknowledgement": Guard([(IngestEvents, "__call__", _accepts_unheard)]),
    "offsets-committed-though-storing-failed": Guard([(kafka_event, "batch_handler", _answers_well_whatever_happened)]),
    "poison-dropped": Guard([(SinkEvents, "_read", _drops_poison)]),
    "time-taken-at-the-sink": Guard([(EventBatch, "store_at", _takes_its_own_time)]),
    # identity
    "key-with-time": Guard(
        changes=(
            (
                "ORDER BY (namespace, meter_id, subject, hour, source, id)",
                "ORDER BY (namespace, meter_id, subject, hour, source, id, time)",
            ),
        )
    ),
    "order-by-the-sink-s-clock": Guard(
        changes=(("toUnixTimestamp64Micro(ingested_at), 1000)", "toUnixTimestamp64Micro(stored_at), 1000)"),)
    ),
    "order-by-offset-alone": Guard(
        changes=(("intDiv(toUnixTimestamp64Micro(ingested_at), 1000)", "0"), ("toUInt128(partition)", "toUInt128(0)"))
    ),
    "no-look-for-other-writings": Guard([(ClickHouseSink, "later_writings", lambda *_: [])]),
    "superseding-left-out": Guard([(ClickHouseSink, "supersede", lambda *_: None)]),
    "superseded-before-all-time": Guard([(ClickHouseSink, "supersede", _supersedes_for_ever)]),
    "revision-not-in-the-version": Guard(changes=(("toUInt128(16383 - revision)", "toUInt128(0)"),)),
    "superseded-hours-not-marked": Guard([(MeterValueWriter, "__call__", _marks_own_rows_alone)]),
    "meters-looked-up-once": Guard([(EventWriter, "__call__", _looks_once)]),
    "deleted-meters-not-asked": Guard([(EventWriter, "_match", _asks_live_meters)]),
    "rows-that-do-not-count-left-out": Guard([(ClickHouseSink, "add_values", _values_that_count)]),
    "duplicates-not-merged": Guard(words=[(usage_sql, "rows", "meter_values FINAL", "meter_values")]),
    # marks and rollups; that a rollup's version is drawn before its values are read was tried, and no seed misses it
    "marks-before-values": Guard([(MeterValueWriter, "__call__", _marks_first)]),
    "marks-left-out": Guard([(ClickHouseSink, "mark_dirty", lambda *_: None)]),
    "covered-before-recomputed": Guard([(RollUpUsage, "__call__", _covers_first)]),
    "all-marks-covered": Guard([(ClickHouseRollups, "cover", _covers_all)]),
    "rollup-added-to": Guard(
        words=[
            (
                clickhouse_rollup,
                "recompute",
                "0 AS events, toDecimal256(0, 18) AS total",
                "usage_rollups.events AS events, usage_rollups.total AS total",
            )
        ]
    ),
    "lost-groups-kept": Guard(
        words=[(clickhouse_rollup, "recompute", "AND usage_rollups.events > 0", "AND usage_rollups.events < 0")]
    ),
    "days-not-recomputed": Guard([(ClickHouseRollups, "recompute", _hours_alone)]),
    # queries
    "dirty-hours-not-asked": Guard([(ClickHouseUsage, "_dirty", lambda *_: [])]),
    "days-read-though-an-hour-is-dirty": Guard([(Span, "whole", _whole_days_though_dirty)]),
    "sums-as-floats": Guard([(usage_sql, "_READINGS", usage_sql._READINGS | {Aggregation.SUM: _FLOAT})]),
}
