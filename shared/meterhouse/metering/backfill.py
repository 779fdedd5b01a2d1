"""Backfill: how far the events stored before a meter, or before another reading of it, have been read by it."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

_DAY = timedelta(days=1)


class BackfillStatus(StrEnum):
    PENDING = "pending"
    RUNNING = "running"
    COMPLETE = "complete"
    FAILED = "failed"


class StoredPlace(NamedTuple):
    """Where an event stands among those of some days and one type. `hour`: Unix seconds."""

    subject: str
    hour: int
    source: str
    id: str


@dataclass(frozen=True, slots=True)
class Cursor:
    """The events before the day `from_` are read, and of the days before `to` those up to `after`; None: all."""

    from_: date
    to: date
    after: StoredPlace | None = None


@dataclass(frozen=True, slots=True)
class Backfill:
    """Of one reading (`revision`) of a meter.

    Attributes:
        read_events: how many events were read.
        total_events: how many there were when it began, repeats among them; at the end as many as were read.
        cursor: how far it is; None before the first page.
        steps: how often it was saved.
        stepped_at: when something was last done for it.
    """

    meter_id: str
    revision: int
    status: BackfillStatus
    read_events: int
    total_events: int
    cursor: Cursor | None
    steps: int
    created_at: datetime
    started_at: datetime | None
    stepped_at: datetime
    finished_at: datetime | None
    problem: str | None

    @property
    def is_complete(self) -> bool:
        return self.status is BackfillStatus.COMPLETE

    def advanced(self, cursor: Cursor, read: int, total: int, at: datetime) -> "Backfill":
        """`read` more events are done."""
        done = self.read_events + read
        return replace(
            self._stepped(at),
            status=BackfillStatus.RUNNING,
            cursor=cursor,
            read_events=done,
            total_events=max(self.total_events or total, done),
            started_at=self.started_at or at,
            finished_at=None,
            problem=None,
        )

    def completed(self, at: datetime) -> "Backfill":
        return replace(
            self._stepped(at),
            status=BackfillStatus.COMPLETE,
            total_events=self.read_events,
            started_at=self.started_at or at,
            finished_at=at,
            problem=None,
        )

    def failed(self, problem: str, at: datetime) -> "Backfill":
        return replace(self._stepped(at), status=BackfillStatus.FAILED, finished_at=at, problem=problem)

    def _stepped(self, at: datetime) -> "Backfill":
        return replace(self, steps=self.steps + 1, stepped_at=at)


def next_span(days: Iterable[tuple[date, int]], cursor: Cursor | None, most: int) -> Cursor | None:
    """What to read next: the rest of the cursor's days, or the days after them that hold at most `most` events.

    A day with more is read alone, in several pages; None when no day is left.
    """
    if cursor is not None and cursor.after is not None:
        return cursor
    span: Cursor | None = None
    events = 0
    for day, count in days:
        if cursor is not None and day < cursor.to:
            continue
        events += count
        if span is not None and events > most:
            break
        span = Cursor(day if span is None else span.from_, day + _DAY)
    return span
