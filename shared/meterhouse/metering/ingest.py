"""Ingest: a request's events are accepted together, or none of them."""

from collections.abc import Callable
from datetime import datetime
from typing import Protocol

from meterhouse.kernel.errors import TooLarge
from meterhouse.metering.decode import check_events
from meterhouse.metering.faults import Shape
from meterhouse.metering.record import encode_record
from meterhouse.metering.request import Limits
from meterhouse.platform.topics import LARGEST_RECORD


class EventLog(Protocol):
    def append(self, namespace: str, record: bytes, count: int, ingested_at: datetime) -> None:
        """Return when the record is acknowledged by all in-sync replicas.

        How many events it holds and when they were accepted stand beside it, to be read without inflating it.

        Raises:
            Unavailable: no acknowledgement within the deadline; it may still arrive, which identities make harmless.
            TooLarge: the log refuses its size.
        """


class IngestEvents:
    def __init__(self, log: EventLog, now: Callable[[], datetime], limits: Limits | None = None) -> None:
        self._log = log
        self._now = now
        self.limits = limits or Limits()

    def __call__(self, namespace: str, body: bytes, shape: Shape) -> int:
        """Accept the events of a request body; how many there were. Of none the log is told nothing.

        Raises:
            InvalidInput: any fault in any event; nothing was written.
            TooLarge: more events than allowed, or too many bytes even when compressed.
            Unavailable: the log did not acknowledge.
        """
        checked = check_events(body, shape, self.limits.events)
        if not checked.count:
            return 0
        ingested_at = self._now()
        record = encode_record(namespace, checked.events, ingested_at)
        if len(record) > LARGEST_RECORD - len(namespace) - _OVERHEAD:
            raise TooLarge("the events compress to more than the log takes at once; send fewer in a request")
        self._log.append(namespace, record, checked.count, ingested_at)
        return checked.count


_OVERHEAD = 1024
"""Room for the headers of Kafka's own record batch."""
