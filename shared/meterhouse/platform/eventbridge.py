"""Amazon EventBridge as the bus of domain events."""

from collections.abc import Sequence
from typing import Any

from meterhouse.kernel.errors import Unavailable
from meterhouse.platform import aws
from meterhouse.platform.relay import entry


class EventBridge:
    def __init__(self, bus_name: str) -> None:
        self._bus_name = bus_name

    def put(self, events: Sequence[dict[str, Any]]) -> None:
        """Publish at most ten events.

        Raises:
            Unavailable: the bus refused at least one; those it took will come again under the same id.
        """
        entries = [entry(event, self._bus_name) for event in events]
        answer = aws.call("events", "AWSEvents.PutEvents", {"Entries": entries})
        if answer.get("FailedEntryCount", 0):
            raise Unavailable(f"the event bus refused {answer['FailedEntryCount']} of {len(entries)} events")
