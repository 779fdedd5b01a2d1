"""The witness: what the log holds, told by the log itself, so that the sink can be held to account."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeVar

from meterhouse.metering.event import COUNT_HEADER, LATEST

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from meterhouse.metering.sink import LogRecord

T = TypeVar("T")
_LATEST_MS = int(LATEST.timestamp()) * 1000
_ROWS_AT_ONCE = 20_000
_MOST_EVENTS = 10**9
_LONGEST_KEY = 256
_UINT16, _UINT64 = 1 << 16, 1 << 64


@dataclass(frozen=True, slots=True)
class AcceptedRecord:
    """A record of the events topic; `accepted_ms` since 1970, `events` how many it holds."""

    namespace: str
    partition: int
    offset: int
    accepted_ms: int
    events: int


@dataclass(frozen=True, slots=True)
class DeadRecord:
    """A dead letter: the record it holds, by its place in `topic`, and the letter's own place and time.

    `topic` is "" where the letter does not say whence it came.
    """

    record: AcceptedRecord
    topic: str
    letter_partition: int
    letter_offset: int
    died_ms: int
    bytes: int
    reason: str


class WitnessedTopic(Protocol):
    """A topic read by a consumer group of the witness's own. All raise `Unavailable` when the brokers do not answer."""

    def ends(self) -> Mapping[int, int]:
        """Per partition the offset that the next record will get."""

    def unread(self, ends: Mapping[int, int]) -> Iterator[LogRecord]:
        """The records from the committed offsets up to `ends`; `Unavailable` when they are too many for one call."""

    def commit(self) -> None:
        """Never yield again what was yielded so far."""


class WitnessStore(Protocol):
    """Each writing may be repeated: a record is known by its place and time."""

    def add_accepted(self, records: Sequence[AcceptedRecord]) -> None: ...

    def add_dead(self, records: Sequence[DeadRecord]) -> None: ...


class Witness:
    """Writes down what both topics hold; committed after it is written, so that a crash between repeats a no-op."""

    def __init__(self, events: WitnessedTopic, letters: WitnessedTopic, store: WitnessStore) -> None:
        self._events = events
        self._letters = letters
        self._store = store

    def accepted(self) -> Mapping[int, int]:
        """Catch up with the events topic; the ends as they were at the start, below which all is written down.

        Raises:
            Unavailable: a store did not answer, or so much is new that the next call has to go on.
        """
        return _catch_up(self._events, accepted_record, self._store.add_accepted)

    def dead(self) -> None:
        """Catch up with the dead letters; raises as `accepted`."""
        _catch_up(self._letters, dead_record, self._store.add_dead)


def _catch_up(
    topic: WitnessedTopic, read: Callable[[LogRecord], T], write: Callable[[Sequence[T]], None]
) -> Mapping[int, int]:
    ends = topic.ends()
    rows: list[T] = []

    def keep() -> None:
        if rows:
            write(rows)
            topic.commit()
            rows.clear()

    try:
        for record in topic.unread(ends):
            rows.append(read(record))
            if len(rows) == _ROWS_AT_ONCE:
                keep()
    finally:
        # a reading that ends early is no work lost: else one that never fits its turn would never end
        keep()
    return ends


def accepted_record(record: LogRecord) -> AcceptedRecord:
    """What a record says of itself beside its value; a foreign one, which says nothing, counts as one event."""
    return AcceptedRecord(
        namespace=namespace_of(record),
        partition=record.partition,
        offset=record.offset,
        accepted_ms=_kept(record.timestamp_ms),
        events=_number(record.headers.get(COUNT_HEADER), _MOST_EVENTS) or 1,
    )


def namespace_of(record: LogRecord) -> str:
    """Whose a record is, by its key, which may be anything; what is longer than a namespace is nobody's."""
    return (record.key or b"")[:_LONGEST_KEY].decode(errors="replace").replace("\0", "\ufffd")


def dead_record(letter: LogRecord) -> DeadRecord:
    """What a letter says of the record it holds."""
    headers = letter.headers
    partition, offset = _number(headers.get("partition"), _UINT16), _number(headers.get("offset"), _UINT64)
    is_known = partition is not None and offset is not None
    timestamp = headers.get("timestamp", b"")
    is_before_all = timestamp.startswith(b"-")
    accepted_ms = _number(timestamp.removeprefix(b"-"), _UINT64)
    own = accepted_record(letter)
    return DeadRecord(
        AcceptedRecord(
            own.namespace,
            partition or 0,
            offset or 0,
            own.accepted_ms if accepted_ms is None else _kept(-accepted_ms if is_before_all else accepted_ms),
            own.events,
        ),
        topic=headers.get("topic", b"").decode(errors="replace") if is_known else "",
        letter_partition=letter.partition,
        letter_offset=letter.offset,
        died_ms=own.accepted_ms,
        bytes=len(letter.value or b""),
        reason=headers.get("reason", b"no reason given").decode(errors="replace"),
    )


def _kept(timestamp_ms: int | None) -> int:
    """Anybody may write any instant into a log; the store keeps those of our years."""
    return min(max(timestamp_ms or 0, 0), _LATEST_MS - 1)


def _number(text: bytes | None, bound: int) -> int | None:
    if not text or len(text) > len(str(bound)) or not text.isdigit():
        return None
    return number if (number := int(text)) < bound else None
