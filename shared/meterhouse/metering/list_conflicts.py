"""The use case of listing conflicts: later writings of an event's identity with another body than the first."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from meterhouse.kernel.period import Period

LAST = (1 << 128) - 1
"""After every writing."""


@dataclass(frozen=True, slots=True)
class Writing:
    """An event as one writing of its identity has it."""

    type: str
    subject: str
    time: datetime
    ingested_at: datetime


@dataclass(frozen=True, slots=True)
class Conflict:
    """The first writing of (source, id), which counts, and a later one, which does not.

    `written` is the place of the later one in the order of all writings.
    """

    source: str
    id: str
    first: Writing
    later: Writing
    written: int


@dataclass(frozen=True, slots=True)
class ConflictQuery:
    """At most `limit` of the later writings accepted in the period that were written before `before`."""

    period: Period
    limit: int
    before: int = LAST


class Conflicts(Protocol):
    def conflicts(self, namespace: str, query: ConflictQuery) -> list[Conflict]:
        """The latest first; `Unavailable` when the store does not answer."""
