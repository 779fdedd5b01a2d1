"""What a program may choose, and what it may ask to be told by exception."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

_MOST_EVENTS = 10_000
_MOST_BYTES = 4 * 1024 * 1024


class WhenFull(StrEnum):
    """What becomes of an event for which the buffer has no room."""

    DROP_NEW = "drop_new"
    """It is dropped: what was tracked first is kept."""
    DROP_OLD = "drop_old"
    """It is kept, and the oldest that are not on their way are dropped."""
    WAIT = "wait"
    """The caller waits, at most `Options.waits`; then it is dropped."""


@dataclass(frozen=True, slots=True)
class Options:
    """Sizes and times in events, bytes and seconds.

    Attributes:
        batch_events: so many are sent as soon as they are there.
        batch_bytes: of JSON before compression; the same.
        batch_age: no event waits longer than this for others, unless the endpoint is away.
        buffer_events: what is held at most, events on their way among them.
        buffer_bytes: the same in bytes.
        when_full: what becomes of an event for which there is no room.
        waits: how long `track` waits for room under `WhenFull.WAIT`.
        strict: `track` raises where it would drop the event it was given.
        answers_within: how long a request of events may wait for each part of its answer.
        closes_within: how long the end of the program waits for what is still to be sent.
    """

    batch_events: int = 500
    batch_bytes: int = 1024 * 1024
    batch_age: float = 1.0
    buffer_events: int = 100_000
    buffer_bytes: int = 64 * 1024 * 1024
    when_full: WhenFull = WhenFull.DROP_NEW
    waits: float = 1.0
    strict: bool = False
    answers_within: float = 30.0
    closes_within: float = 5.0

    def __post_init__(self) -> None:
        if not 0 < self.batch_events <= _MOST_EVENTS or not 0 < self.batch_bytes <= _MOST_BYTES:
            raise ValueError(f"a request takes 1 to {_MOST_EVENTS} events and 1 to {_MOST_BYTES} bytes")
        if self.buffer_events < 1 or self.buffer_bytes < 1:
            raise ValueError("a buffer holds at least one event and one byte")
        if min(self.batch_age, self.waits, self.closes_within) < 0 or self.answers_within <= 0:
            raise ValueError("times are not negative, and an answer takes some")


class NotTracked(Exception):  # noqa: N818 - named for what happened, as the kernel's kinds are
    """Base of what `track` raises under `Options.strict`."""


class Full(NotTracked):
    """The buffer has no room for the event."""


class Closed(NotTracked):
    """The client was closed."""


class Unwritable(NotTracked):
    """JSON cannot say the event, or a response of a model tells no usage."""
