"""Resume backfills: what was never started, died on its way or was given up is started again."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from meterhouse.metering.model import meter_document
from meterhouse.platform.outbox import DomainEvent
from meterhouse.platform.work import Begin

STALLED_AFTER = timedelta(minutes=10)
"""Longer than a page takes and than the workflow waits between two tries."""
FAILED_AFTER = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class StalledBackfill:
    meter_id: str
    slug: str
    revision: int


class StalledBackfills(Protocol):
    def take_stalled(self, stalled: datetime, failed: datetime, at: datetime) -> Sequence[StalledBackfill]:
        """Backfills under way that nothing was done for since `stalled`, or that failed before `failed`.

        Nobody else takes them again until as long after `at`.
        """


class ResumeBackfills:
    """Starts nothing itself: the domain event `meter.backfill_stalled` does, by the rule that starts new backfills."""

    def __init__(
        self,
        begin: Begin[StalledBackfills],
        namespaces: Callable[[], Sequence[str]],
        *,
        now: Callable[[], datetime],
        new_id: Callable[[], str],
    ) -> None:
        self._begin = begin
        self._namespaces = namespaces
        self._now = now
        self._new_id = new_id

    def __call__(self) -> int:
        """How many are started again."""
        return sum(self._resume(namespace) for namespace in self._namespaces())

    def _resume(self, namespace: str) -> int:
        at = self._now()
        with self._begin(namespace) as work:
            stalled = work.store.take_stalled(at - STALLED_AFTER, at - FAILED_AFTER, at)
            work.publish(*(self._event(one, at) for one in stalled))
            work.commit()
        return len(stalled)

    def _event(self, stalled: StalledBackfill, at: datetime) -> DomainEvent:
        document = meter_document(stalled.meter_id, stalled.slug, stalled.revision)
        return DomainEvent(self._new_id(), "meter.backfill_stalled", f"meter/{stalled.meter_id}", at, document)
