"""Backfill a meter: the events stored before it are read by the code that reads them in the sink.

Why it is exact: README.md. Runs may be repeated, cut anywhere, and two may be under way at once.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

from meterhouse.kernel.errors import NotFound
from meterhouse.metering.backfill import Backfill, Cursor, StoredPlace, next_span
from meterhouse.metering.batch import EventBatch
from meterhouse.metering.matching import read_batch
from meterhouse.metering.model import Meter
from meterhouse.metering.sink import MeterValueWriter
from meterhouse.platform.work import Begin

PAGE_EVENTS = 20_000


@dataclass(frozen=True, slots=True)
class BackfillRun:
    """What a run is for: ids alone."""

    namespace: str
    meter_id: str
    revision: int


@dataclass(frozen=True, slots=True)
class EventPage:
    """Events with their places in the log, and the place of the last one where more of the same days follow."""

    batch: EventBatch
    more_after: StoredPlace | None


class Meters(Protocol):
    def by_ids(self, meter_ids: Iterable[str]) -> Mapping[str, Meter]:
        """Meters by id, deleted ones too: their history is still billed."""


class Backfills(Protocol):
    def find(self, meter_id: str, revision: int) -> Backfill | None: ...

    def save(self, backfill: Backfill) -> None: ...


@dataclass(frozen=True, slots=True)
class BackfillPorts:
    meters: Meters
    backfills: Backfills


class StoredEvents(Protocol):
    def days(self, namespace: str, event_type: str) -> Sequence[tuple[date, int]]:
        """The days of events of this type, in order, with how many rows there are at most."""

    def page(self, namespace: str, event_type: str, span: Cursor, most: int) -> EventPage:
        """The next events of these days by subject, hour, source and id, at most `most`: of each the first writing."""


class BackfillMeter:
    def __init__(
        self,
        begin: Begin[BackfillPorts],
        events: StoredEvents,
        write: MeterValueWriter,
        *,
        now: Callable[[], datetime],
        page_events: int = PAGE_EVENTS,
    ) -> None:
        self._begin = begin
        self._events = events
        self._write = write
        self._now = now
        self._page_events = page_events

    def __call__(self, run: BackfillRun, until: datetime) -> bool:
        """Read page after page, at least one, until none is left or it is `until`; whether nothing is left.

        Nothing is left, too, when the meter was changed again: another run reads for that.

        Raises:
            NotFound: no such meter.
            Unavailable: a store did not answer; running again goes on where this ended.
        """
        meter, backfill = self._look(run)
        days = self._events.days(run.namespace, meter.event_type) if backfill else ()
        while backfill is not None:
            self._step(run, meter, backfill, days)
            meter, backfill = self._look(run)
            if self._now() >= until:
                break
        return backfill is None

    def fail(self, run: BackfillRun, problem: str) -> None:
        """Record that the run was given up; another one goes on where it ended."""
        _, backfill = self._look(run)
        if backfill is not None:
            self._save(run, backfill, backfill.failed(problem, self._now()))

    def _step(self, run: BackfillRun, meter: Meter, backfill: Backfill, days: Sequence[tuple[date, int]]) -> None:
        span = next_span(days, backfill.cursor, self._page_events)
        if span is None:
            self._save(run, backfill, backfill.completed(self._now()))
            return
        page = self._events.page(run.namespace, meter.event_type, span, self._page_events)
        readings = read_batch(page.batch, {(run.namespace, meter.event_type): [meter]})
        self._write(page.batch, readings, self._now())
        reached, total = Cursor(span.from_, span.to, page.more_after), sum(count for _, count in days)
        self._save(run, backfill, backfill.advanced(reached, len(page.batch), total, self._now()))

    def _look(self, run: BackfillRun) -> tuple[Meter, Backfill | None]:
        """The meter as it reads now, and the backfill while there is something left to do."""
        with self._begin(run.namespace) as work:
            meter = work.store.meters.by_ids([run.meter_id]).get(run.meter_id)
            if meter is None:
                raise NotFound("meter", run.meter_id)
            return meter, _open(work.store, run)

    def _save(self, run: BackfillRun, seen: Backfill, changed: Backfill) -> None:
        """Save, unless another run took a step meanwhile: the pages it counted would be counted twice."""
        with self._begin(run.namespace) as work:
            work.lock("meter", run.meter_id)
            by_now = _open(work.store, run)
            if by_now is not None and by_now.steps == seen.steps:
                work.store.backfills.save(changed)
                work.commit()


def _open(store: BackfillPorts, run: BackfillRun) -> Backfill | None:
    backfill = store.backfills.find(run.meter_id, run.revision)
    return None if backfill is None or backfill.is_complete else backfill
