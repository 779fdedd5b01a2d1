"""Sink: records of accepted events into the usage store, any number of times, to the same effect.

The order of the steps is what makes it exact (see README.md): events, values, superseded writings, marks of hours.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import blake2b
from typing import Protocol

from meterhouse.metering.cloud_event import CloudEvent, are_sound, is_object
from meterhouse.metering.extract import MeterValue, extract, parse_data
from meterhouse.metering.model import Meter
from meterhouse.metering.record import Poison, Record, decode_record


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


@dataclass(frozen=True, slots=True)
class EventKey:
    """The key of the usage store's rows of an event; one identity (source, id) should have one only."""

    namespace: str
    type: str
    subject: str
    hour: datetime
    source: str
    id: str


@dataclass(frozen=True, slots=True)
class SunkEvent:
    """An event and where it stood in the log, which orders the writings of one identity."""

    key: EventKey
    event: CloudEvent
    time: datetime
    ingested_at: datetime
    partition: int
    offset: int
    position: int
    identity: bytes


class Meters(Protocol):
    def of(self, namespace: str) -> Sequence[Meter]:
        """The live meters, as of this call."""


class UsageStore(Protocol):
    """Each writing raises `Unavailable` when it may not have happened, and may be repeated."""

    def add_events(self, events: Sequence[SunkEvent], faults: Sequence[str], stored_at: datetime) -> None: ...

    def add_values(self, values: Sequence[tuple[SunkEvent, MeterValue]], stored_at: datetime) -> None: ...

    def later_writings(self, events: Sequence[SunkEvent]) -> list[EventKey]:
        """Of the events' identities that stand under several keys, all keys but that of the first writing."""

    def supersede(self, keys: Sequence[tuple[str, EventKey]], stored_at: datetime) -> None:
        """Hide the values of meters (by id) under these keys for good."""

    def mark_dirty(self, hours: Iterable[tuple[str, str, datetime]], mark: str) -> None:
        """Mark (namespace, meter id, hour) as changed."""


class DeadLetters(Protocol):
    def bury(self, record: LogRecord, reason: str) -> None: ...


Matching = dict[tuple[str, str], list[Meter]]
"""Meters by namespace and event type."""


class SinkEvents:
    def __init__(
        self,
        meters: Meters,
        store: UsageStore,
        dead_letters: DeadLetters,
        *,
        now: Callable[[], datetime],
        new_id: Callable[[], str],
    ) -> None:
        self._meters = meters
        self._store = store
        self._dead_letters = dead_letters
        self._now = now
        self._new_id = new_id

    def __call__(self, records: Iterable[LogRecord]) -> int:
        """Store the records' events; how many there were. What no retry can read goes to the dead letters.

        Raises:
            Unavailable: a store did not answer; the same records must be delivered again.
        """
        events = [event for record in records for event in self._read(record)]
        if not events:
            return 0
        stored_at = self._now()
        matching = self._matching(event.key.namespace for event in events)
        values = _values(events, matching)
        self._store.add_events(events, _faults(events, values), stored_at)
        # a meter created meanwhile may not see these events among those stored before it: so it is looked for again
        if (by_now := self._matching(event.key.namespace for event in events)) != matching:
            values = _values(events, by_now)
        self._store.add_values(values, stored_at)
        superseded = self._superseded(events)
        self._store.supersede(superseded, stored_at)
        touched = {(event.key.namespace, value.meter_id, event.key.hour) for event, value in values}
        touched |= {(key.namespace, meter_id, key.hour) for meter_id, key in superseded}
        self._store.mark_dirty(sorted(touched), self._new_id())
        return len(events)

    def _read(self, record: LogRecord) -> list[SunkEvent]:
        try:
            return read_record(record)
        except Poison as poison:
            self._dead_letters.bury(record, str(poison))
            return []

    def _matching(self, namespaces: Iterable[str]) -> Matching:
        found: dict[tuple[str, str], list[Meter]] = defaultdict(list)
        for namespace in sorted(set(namespaces)):
            for meter in self._meters.of(namespace):
                found[namespace, meter.event_type].append(meter)
        return found

    def _superseded(self, events: Sequence[SunkEvent]) -> list[tuple[str, EventKey]]:
        later = self._store.later_writings(events)
        matching = self._matching(key.namespace for key in later)
        return [(meter.id, key) for key in later for meter in matching.get((key.namespace, key.type), ())]


def _values(events: Sequence[SunkEvent], matching: Matching) -> list[tuple[SunkEvent, MeterValue]]:
    values = []
    for event in events:
        meters = matching.get((event.key.namespace, event.key.type))
        if meters:
            data = parse_data(bytes(event.event.data))
            values += [(event, extract(meter, data)) for meter in meters]
    return values


def read_record(record: LogRecord) -> list[SunkEvent]:
    """The events of a record, each with its place.

    Raises:
        Poison: it is no record of ours.
    """
    request = decode_record(record.value or b"")
    if not (are_sound(request.events, may_hold_nul=True) and all(is_object(event.data) for event in request.events)):
        raise Poison("holds an event that ingest would refuse")
    return [_sunk(request, record, position, event) for position, event in enumerate(request.events)]


def _sunk(request: Record, record: LogRecord, position: int, event: CloudEvent) -> SunkEvent:
    time = (event.time or request.ingested_at).astimezone(UTC)
    hour = time.replace(minute=0, second=0, microsecond=0)
    return SunkEvent(
        key=EventKey(request.namespace, event.type, event.subject, hour, event.source, event.id),
        event=event,
        time=time,
        ingested_at=request.ingested_at,
        partition=record.partition,
        offset=record.offset,
        position=position,
        identity=identity(event.source, event.id),
    )


def identity(source: str, event_id: str) -> bytes:
    """16 bytes that stand for (source, id); the length first: ("ab", "c") and ("a", "bc") differ."""
    return blake2b(f"{len(source)}:{source}{event_id}".encode(), digest_size=16).digest()


def _faults(events: Sequence[SunkEvent], values: Iterable[tuple[SunkEvent, MeterValue]]) -> list[str]:
    """For each event why meters cannot read it; "" when all that match can."""
    found: dict[int, list[str]] = defaultdict(list)
    for event, value in values:
        if value.fault is not None:
            found[id(event)].append(value.fault)
    return ["; ".join(found.get(id(event), ())) for event in events]
