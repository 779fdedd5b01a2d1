"""A batch of accepted events, column by column: an object for each event would cost more than its decoding."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from meterhouse.metering.cloud_event import CloudEvent

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_HOUR = 3_600_000_000


class EventKey(NamedTuple):
    """The key of the usage store's rows of an event; one identity (source, id) should have one. `hour`: Unix s.

    `first`: `written` of the identity's first writing, where that was made under another key.
    """

    namespace: str
    type: str
    subject: str
    hour: int
    source: str
    id: str
    first: int = 0


@dataclass(slots=True)
class EventBatch:
    """Events in the order of their delivery; each column has one entry an event.

    Attributes:
        times: when usage occurred, microseconds since 1970; the ingest instant where none was given.
        ingested: when the request was accepted, likewise: what orders writings of an identity, then their place.
        stored: when the usage store took the event, likewise; a redelivery is later.
        partitions, offsets, positions: where in the log the event stood; the position is the one inside its record.
        identities: see `identity`.
    """

    namespaces: list[str] = field(default_factory=list)
    events: list[CloudEvent] = field(default_factory=list)
    times: list[int] = field(default_factory=list)
    ingested: list[int] = field(default_factory=list)
    stored: list[int] = field(default_factory=list)
    partitions: list[int] = field(default_factory=list)
    offsets: list[int] = field(default_factory=list)
    positions: list[int] = field(default_factory=list)
    identities: list[int] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.events)

    def add(
        self, namespace: str, ingested_at: datetime, partition: int, offset: int, events: Sequence[CloudEvent]
    ) -> None:
        """Append the events of one record."""
        count, ingested = len(events), microseconds(ingested_at)
        self.namespaces += [namespace] * count
        self.events += events
        self.times += [ingested if event.time is None else (event.time - _EPOCH) // _MICROSECOND for event in events]
        self.ingested += [ingested] * count
        self.partitions += [partition] * count
        self.offsets += [offset] * count
        self.positions += range(count)
        self.identities += [identity(event.source, event.id) for event in events]

    def store_at(self, instant: datetime) -> None:
        self.stored = [microseconds(instant)] * len(self)

    @property
    def accepted_since(self) -> datetime:
        """When the first of the events was accepted."""
        return _EPOCH + min(self.ingested) * _MICROSECOND

    def hours(self) -> list[int]:
        """The hours that hold the times, Unix seconds."""
        return [(time - time % _HOUR) // 1_000_000 for time in self.times]


def microseconds(at: datetime) -> int:
    """An instant as the stores hold it; floats would lose the last digits."""
    return (at - _EPOCH) // _MICROSECOND


def identity(source: str, event_id: str) -> int:
    """64 bits to look (source, id) up by; the length first: ("ab", "c") and ("a", "bc") differ."""
    return int.from_bytes(blake2b(f"{len(source)}:{source}{event_id}".encode(), digest_size=8).digest())
