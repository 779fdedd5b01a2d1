"""The use case of tracing one event."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from meterhouse.metering.trace import Stage, Trace, stage_of, traced_meter

if TYPE_CHECKING:
    from collections.abc import Mapping

    from meterhouse.metering.account_for_events import Backfills
    from meterhouse.metering.directory import Directory
    from meterhouse.metering.event import StoredEvent
    from meterhouse.metering.sink import Meters
    from meterhouse.metering.trace import StoredValue, TracedMeter, TracedWriting

MOST_WRITINGS = 100


@dataclass(frozen=True, slots=True)
class Traced:
    """The identity of the event that is traced."""

    namespace: str
    source: str
    id: str


class Log(Protocol):
    def stored(self) -> Mapping[int, int]:
        """Per partition the offset up to which the sink has stored or buried everything."""

    def ends(self) -> Mapping[int, int]:
        """Per partition the end of the log."""


class EventStore(Protocol):
    def writings(self, traced: Traced, limit: int) -> list[TracedWriting]:
        """The first writings of the identity, in their order."""

    def event(self, traced: Traced, first: TracedWriting) -> StoredEvent | None:
        """The event as its first writing has it; None where the retention let it go."""

    def values(self, traced: Traced, first: TracedWriting) -> Mapping[str, StoredValue]:
        """What stands for it, by meter id."""


class TraceEvent:
    def __init__(
        self, log: Log, events: EventStore, meters: Meters, backfills: Backfills, directory: Directory
    ) -> None:
        self._log = log
        self._events = events
        self._meters = meters
        self._backfills = backfills
        self._directory = directory

    def __call__(self, namespace: str, source: str, event_id: str) -> Trace:
        """How far the event got.

        Raises:
            Unavailable: a store or the log did not answer.
        """
        traced = Traced(namespace, source, event_id)
        # the log first: what the sink stores meanwhile is found, and not called unknown
        pending = self._pending()
        writings = self._events.writings(traced, MOST_WRITINGS + 1)
        if not writings:
            return Trace(Stage.PENDING if pending else Stage.UNKNOWN, pending=pending)
        first = writings[0]
        event = self._events.event(traced, first)
        meters = self._traced_meters(traced, first, None if event is None else event.event.data)
        return Trace(
            stage=stage_of(meters),
            writings=writings[:MOST_WRITINGS],
            is_cut=len(writings) > MOST_WRITINGS,
            event=event,
            customer_id=self._directory.customers_of(namespace, {first.subject}).get(first.subject),
            meters=meters,
            pending=pending,
        )

    def _traced_meters(self, traced: Traced, first: TracedWriting, data: str | None) -> list[TracedMeter]:
        asking = [
            meter for meter in self._meters.of(traced.namespace, first.ingested_at) if meter.event_type == first.type
        ]
        # whether a meter is complete is asked before its values are read: it may become so in between
        complete = {meter.id: self._backfills.is_backfilled(traced.namespace, meter) for meter in asking}
        values = self._events.values(traced, first)
        return [
            traced_meter(meter, first, data, values.get(meter.id), is_backfilled=complete[meter.id])
            for meter in sorted(asking, key=lambda meter: (meter.slug, meter.id))
        ]

    def _pending(self) -> int:
        stored = self._log.stored()
        return sum(max(0, end - stored.get(partition, 0)) for partition, end in self._log.ends().items())
