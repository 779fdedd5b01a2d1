"""Sink: records of accepted events into the usage store, any number of times, to the same effect.

The order of the steps is what makes it exact (README.md): events, values, superseded writings, marks, notices.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from meterhouse.kernel.errors import Unavailable
from meterhouse.metering.batch import EventBatch, EventKey
from meterhouse.metering.erased_name import Remembered, nobody, pseudonymise
from meterhouse.metering.event import COUNT_HEADER, EARLIEST
from meterhouse.metering.flood import FloodGauge, Seen
from meterhouse.metering.late_usage import LateUsage, late_usage
from meterhouse.metering.matching import Matching, MeterReading, faults_of, match, read_batch
from meterhouse.metering.model import Meter
from meterhouse.metering.record import Poison, can_decode, decode_record


@dataclass(frozen=True, slots=True)
class LogRecord:
    """A Kafka record as it was delivered.

    Attributes:
        timestamp_ms: when its events were accepted, in ms since 1970; None where the delivery did not say.
        headers: of those that share a name the last.
    """

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    timestamp_ms: int | None = None
    headers: Mapping[str, bytes] = field(default_factory=dict)


class Meters(Protocol):
    def of(self, namespace: str, since: datetime = EARLIEST) -> Sequence[Meter]:
        """All but those deleted up to `since`, as of this call: what was accepted before a deletion is billed."""


class UsageStore(Protocol):
    """Each writing raises `Unavailable` when it may not have happened, and may be repeated."""

    def add_events(self, batch: EventBatch, faults: Sequence[str]) -> None: ...

    def add_values(self, batch: EventBatch, readings: Sequence[MeterReading]) -> None: ...

    def later_writings(self, batch: EventBatch) -> list[EventKey]:
        """Of the events' identities that stand under several keys, all keys but that of the first writing."""

    def supersede(self, keys: Sequence[tuple[str, EventKey]], stored_at: datetime) -> None:
        """Hide the values of meters (by id) under these keys, but for writings earlier than the first known now."""

    def mark_dirty(self, hours: Iterable[tuple[str, str, int]], mark: str) -> None:
        """Mark (namespace, meter id, hour in Unix seconds) as changed."""


class DeadLetters(Protocol):
    def bury(self, record: LogRecord, reason: str) -> None: ...

    def refuse(self, poison: int) -> None:
        """Tell people that the sink stopped before so many records."""


class Notices(Protocol):
    def usage_ingested(
        self, usage: Iterable[tuple[str, str, str]], late: Iterable[LateUsage], notice_id: str, at: datetime
    ) -> None:
        """Tell whoever balances usage that (namespace, subject, meter id) changed, `late` in the past.

        May tell more than once; never before the change is stored.
        """


class DeadLetterFlood(Unavailable):
    """The records must come again, to a sink that can read them."""


class SinkEvents:
    def __init__(
        self,
        meters: Meters,
        store: UsageStore,
        dead_letters: DeadLetters,
        notices: Notices,
        *,
        now: Callable[[], datetime],
        new_id: Callable[[], str],
        erased: Remembered = nobody,
    ) -> None:
        self._write = EventWriter(meters, store, notices, new_id, erased)
        self._dead_letters = dead_letters
        self._now = now
        self._gauge = FloodGauge()

    def __call__(self, records: Iterable[LogRecord]) -> int:
        """Store the records' events; how many there were. What no retry can read goes to the dead letters.

        Raises:
            DeadLetterFlood: so much is unreadable that it is not the records' fault.
            Unavailable: a store did not answer; the same records must be delivered again.
        """
        batch = self._read(records)
        stored_at = self._now()
        batch.store_at(stored_at)
        self._write(batch, stored_at)
        return len(batch)

    def _read(self, records: Iterable[LogRecord]) -> EventBatch:
        batch = EventBatch()
        seen: list[Seen] = []
        buried: list[tuple[LogRecord, str]] = []
        for record in records:
            try:
                request = decode_record(record.value or b"")
            except Poison as poison:
                buried.append((record, str(poison)))
            else:
                batch.add(request.namespace, request.ingested_at, record.partition, record.offset, request.events)
            if COUNT_HEADER in record.headers:
                is_poison = bool(buried) and buried[-1][0] is record
                seen.append(Seen(record.partition, record.offset, record.key or b"", is_poison))
        self._stop_a_flood(seen, len(buried))
        for record, reason in buried:
            self._dead_letters.bury(record, reason)
        return batch

    def _stop_a_flood(self, seen: Sequence[Seen], poison: int) -> None:
        """Raises DeadLetterFlood before anything is stored or buried: nothing will have to be mended."""
        if self._gauge.rises(seen) or (poison and not can_decode()):
            self._dead_letters.refuse(poison)
            raise DeadLetterFlood("records of several namespaces are unreadable: the sink itself must be at fault")


class EventWriter:
    """Writes events and what meters read of them: all steps of the sink."""

    def __init__(
        self,
        meters: Meters,
        store: UsageStore,
        notices: Notices,
        new_id: Callable[[], str],
        erased: Remembered = nobody,
    ) -> None:
        self._meters = meters
        self._store = store
        self._erased = erased
        self._values = MeterValueWriter(meters, store, notices, new_id)

    def __call__(self, batch: EventBatch, at: datetime) -> None:
        """Store the batch, in which `stored` is filled in; `at` is now. Erased subjects' events get their pseudonyms.

        Raises:
            Unavailable: a store did not answer; all may be repeated.
        """
        if not batch:
            return
        matching = self._match(batch)
        pseudonymise(batch, self._erased, matching)
        readings = read_batch(batch, matching)
        self._store.add_events(batch, faults_of(batch, readings))
        # a meter created meanwhile may not see these events among those stored before it: so it is looked for again
        if (by_now := self._match(batch)) != matching:
            readings = read_batch(batch, by_now)
        self._values(batch, readings, at)

    def again(self, batch: EventBatch, at: datetime) -> None:
        """Write what meters read of events that are stored already; raises as above."""
        if batch:
            self._values(batch, read_batch(batch, self._match(batch)), at)

    def _match(self, batch: EventBatch) -> Matching:
        since = batch.accepted_since
        return match(lambda namespace: self._meters.of(namespace, since), batch.namespaces)


class MeterValueWriter:
    """Writes what meters read of events that are stored: the steps that follow the events themselves."""

    def __init__(self, meters: Meters, store: UsageStore, notices: Notices, new_id: Callable[[], str]) -> None:
        self._meters = meters
        self._store = store
        self._notices = notices
        self._new_id = new_id

    def __call__(self, batch: EventBatch, readings: Sequence[MeterReading], at: datetime) -> None:
        """Write values, hide those of later writings, mark the hours touched, tell of it.

        Raises:
            Unavailable: a store did not answer; all may be repeated.
        """
        self._store.add_values(batch, readings)
        superseded = self._superseded(batch)
        self._store.supersede(superseded, at)
        mark = self._new_id()
        self._store.mark_dirty(sorted(_touched(batch, readings, superseded)), mark)
        late = late_usage(batch, readings, superseded, at)
        self._notices.usage_ingested(sorted(_used(batch, readings, superseded)), late, mark, at)

    def _superseded(self, batch: EventBatch) -> list[tuple[str, EventKey]]:
        later = self._store.later_writings(batch)
        matching: Matching = match(self._meters.of, (key.namespace for key in later))
        return [(meter.id, key) for key in later for meter in matching.get((key.namespace, key.type), ())]


def _touched(
    batch: EventBatch, readings: Sequence[MeterReading], superseded: Iterable[tuple[str, EventKey]]
) -> set[tuple[str, str, int]]:
    hours = batch.hours()
    touched = {(key.namespace, meter_id, key.hour) for meter_id, key in superseded}
    for reading in readings:
        of_rows = {hours[row] for row in reading.rows}
        touched |= {(reading.namespace, reading.meter.id, hour) for hour in of_rows}
    return touched


def _used(
    batch: EventBatch, readings: Sequence[MeterReading], superseded: Iterable[tuple[str, EventKey]]
) -> set[tuple[str, str, str]]:
    used = {(key.namespace, key.subject, meter_id) for meter_id, key in superseded}
    events = batch.events
    for reading in readings:
        subjects = {events[row].subject for row in reading.rows}
        used |= {(reading.namespace, subject, reading.meter.id) for subject in subjects}
    return used
