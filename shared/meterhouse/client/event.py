"""A usage event as it travels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from meterhouse.client.json_text import write_json
from meterhouse.client.options import Unwritable
from meterhouse.kernel.instant import format_rfc3339

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from meterhouse.client.problem import FieldFault

_BRACKETS_AND_COMMA = 3


@dataclass(frozen=True, slots=True)
class Event:
    """`source` and `id` are its identity: however often it is sent, it counts once. `text` is its JSON."""

    source: str
    id: str
    text: bytes

    @property
    def size(self) -> int:
        """What it adds to a request, at most."""
        return len(self.text) + _BRACKETS_AND_COMMA


@dataclass(frozen=True, slots=True)
class Dropped:
    """What will not be sent, and why. `event` is None where none could be made; `faults` are the endpoint's."""

    event: Event | None
    reason: str
    faults: tuple[FieldFault, ...] = ()


def written(
    source: str, event_id: str, event_type: str, subject: str, at: datetime, data: Mapping[str, object] | None
) -> Event:
    """The event in JSON; numbers keep their digits.

    Raises:
        Unwritable: JSON cannot say it.
    """
    document = {
        "specversion": "1.0",
        "id": event_id,
        "source": source,
        "type": event_type,
        "subject": subject,
    }
    try:
        told = None if data is None else dict(data)
        text = write_json({**document, "time": format_rfc3339(at), "data": told})
    except (TypeError, ValueError, RuntimeError, AttributeError) as error:
        # a RuntimeError: nested too deep, or changed by another thread meanwhile
        raise Unwritable(f"{event_type} of {subject} cannot be written: {error}") from error
    return Event(source, event_id, text.encode())


def body_of(events: list[Event]) -> bytes:
    """The JSON array of the events."""
    return b"[" + b",".join(event.text for event in events) + b"]"
