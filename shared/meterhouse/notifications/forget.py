"""Deletes what was told long ago, with its deliveries and attempts."""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Protocol

from meterhouse.platform.settings import optional
from meterhouse.platform.work import Begin

KEPT_DAYS = "NOTIFICATION_RETENTION_DAYS"
_AT_ONCE = 500


def kept_from_environment() -> timedelta:
    """NOTIFICATION_RETENTION_DAYS, or 90 days."""
    return timedelta(days=int(optional(KEPT_DAYS, "90")))


class OldNotifications(Protocol):
    def forget(self, before: datetime, limit: int) -> int:
        """Delete at most `limit` that were told before then and are not under way, the oldest first; how many."""


class ForgetNotifications:
    def __init__(
        self,
        begin: Begin[OldNotifications],
        namespaces: Callable[[], Iterable[str]],
        now: Callable[[], datetime],
        kept: Callable[[], timedelta] = kept_from_environment,
    ) -> None:
        self._begin = begin
        self._namespaces = namespaces
        self._now = now
        self._kept = kept

    def __call__(self) -> int:
        """In all namespaces, a part at a time; how many. What is still under way stays until it is at its end."""
        before = self._now() - self._kept()
        return sum(self._forget(namespace, before) for namespace in self._namespaces())

    def _forget(self, namespace: str, before: datetime) -> int:
        forgotten, part = 0, _AT_ONCE
        while part == _AT_ONCE:
            with self._begin(namespace) as work:
                part = work.store.forget(before, _AT_ONCE)
                work.commit()
            forgotten += part
        return forgotten
