"""Sees to entitlements that change by themselves: by activation, expiry, recurrence, reset, or a hold's end."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from meterhouse.platform.outbox import DomainEvent
from meterhouse.platform.work import Begin

_AGAIN = timedelta(minutes=10)
"""When one is announced again that nobody has evaluated by then."""
_AN_EVENT = 100


class DueEntitlements(Protocol):
    def take_due(self, at: datetime, again_at: datetime, limit: int) -> Sequence[str]:
        """At most `limit` that are due at `at`, the longest due first; they are due again at `again_at`."""


class SweepEntitlements:
    """What is due stays due until it is announced, and what is announced is due again until it is evaluated."""

    def __init__(
        self,
        begin: Begin[DueEntitlements],
        namespaces: Callable[[], Sequence[str]],
        now: Callable[[], datetime],
        new_id: Callable[[], str],
    ) -> None:
        self._begin = begin
        self._namespaces = namespaces
        self._now = now
        self._new_id = new_id

    def __call__(self) -> int:
        """Announce what is due by now in all namespaces, as `entitlement.came_due`; how many entitlements."""
        at = self._now()
        return sum(self._sweep(namespace, at) for namespace in self._namespaces())

    def _sweep(self, namespace: str, at: datetime) -> int:
        swept = 0
        while True:
            with self._begin(namespace) as work:
                due = sorted(work.store.take_due(at, at + _AGAIN, _AN_EVENT))
                if not due:
                    return swept
                data = {"entitlementIds": due}
                work.publish(DomainEvent(self._new_id(), "entitlement.came_due", "entitlements", at, data))
                work.commit()
            swept += len(due)
