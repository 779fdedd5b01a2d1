"""What every request passes before anything else: may it, is there something left of what it may."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from meterhouse.platform.access import check_access, told_of
from meterhouse.platform.dynamodb import DynamoCounts
from meterhouse.platform.limits import Limits
from meterhouse.platform.lockdown import locked_namespaces, refuse_locked, writes_billing
from meterhouse.platform.quotas import Quotas


@dataclass(slots=True)
class Passage:
    """A request that was let in; `events` is told once they are taken."""

    events: int = 0


_UNDER_WAY: ContextVar[Passage | None] = ContextVar("passage", default=None)


def bring(events: int) -> None:
    """Tell of events that the request under way brought; outside of one nobody counts them."""
    if passage := _UNDER_WAY.get():
        passage.events += events


class Gate:
    def __init__(self, counts: DynamoCounts | None = None) -> None:
        counts = counts or DynamoCounts()
        self._limits, self._quotas = Limits(counts), Quotas(counts)
        self._locked = locked_namespaces()

    @contextmanager
    def passed(self, event: Mapping[str, Any], at: datetime, *, brings_events: bool = False) -> Iterator[Passage]:
        """Inside, the request is let in; after, whatever became of it, it is counted.

        Raises:
            Unauthenticated, Forbidden, Unavailable: as `check_access`.
            Forbidden: `billing_locked`: it would write billing of a namespace where nobody may.
            TooMany: a quota or a limit is used up.
        """
        told, passage = told_of(event), Passage()
        check_access(event, at)
        if self._locked and writes_billing(str(event.get("routeKey", ""))):
            refuse_locked(told.get("namespace", ""), self._locked)
        self._quotas.check(told, at, of_events=brings_events)
        self._limits.admit(told, at)
        token = _UNDER_WAY.set(passage)
        try:
            yield passage
        finally:
            _UNDER_WAY.reset(token)
            self._quotas.count(told, at, passage.events)
