"""Amazon EventBridge as the bus of domain events."""

from collections.abc import Iterator, Sequence
from typing import Any

from meterhouse.platform import aws
from meterhouse.platform.relay import entry

LARGEST_CALL = 256 * 1024
"""Bytes that PutEvents takes, by its own way of counting: those of the entries' texts, and 14 for an instant."""
_MOST_ENTRIES = 10
_AN_INSTANT = 14


class EventBridge:
    def __init__(self, bus_name: str) -> None:
        self._bus_name = bus_name

    def put(self, events: Sequence[dict[str, Any]]) -> list[str]:
        """Publish events; the ids of those that the bus refused.

        Raises:
            Unavailable: it did not answer; those it took will come again under the same id.
        """
        entries = {event["id"]: entry(event, self._bus_name) for event in events}
        refused = [event_id for event_id, one in entries.items() if _size(one) > LARGEST_CALL]
        for call in _calls({event_id: one for event_id, one in entries.items() if event_id not in refused}):
            answer = aws.call("events", "AWSEvents.PutEvents", {"Entries": list(call.values())})
            if answer.get("FailedEntryCount", 0):
                refused += [one for one, said in zip(call, answer["Entries"], strict=True) if "ErrorCode" in said]
        return refused


def _calls(entries: dict[str, dict[str, Any]]) -> Iterator[dict[str, dict[str, Any]]]:
    """The entries in their order, as many a call as it takes."""
    call: dict[str, dict[str, Any]] = {}
    size = 0
    for event_id, one in entries.items():
        if call and (len(call) == _MOST_ENTRIES or size + _size(one) > LARGEST_CALL):
            yield call
            call, size = {}, 0
        call[event_id] = one
        size += _size(one)
    if call:
        yield call


def _size(one: dict[str, Any]) -> int:
    return _AN_INSTANT + sum(len(one[name].encode()) for name in ("Source", "DetailType", "Detail"))
