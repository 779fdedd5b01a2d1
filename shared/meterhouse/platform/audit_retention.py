"""How long lines of the audit log are kept, and their end; nothing else ever takes one away."""

from collections.abc import Callable
from datetime import datetime

from meterhouse.platform import clock
from meterhouse.platform.namespaces import all_namespaces
from meterhouse.platform.postgres import Database
from meterhouse.platform.settings import optional
from meterhouse.platform.sql import queries

KEPT_YEARS = "AUDIT_RETENTION_YEARS"
_SQL = queries("meterhouse.platform", "audit.sql")
_AT_ONCE = 5_000
_FEBRUARY, _LEAP_DAY = 2, 29


def years_from_environment() -> int:
    """AUDIT_RETENTION_YEARS, or seven: what books are commonly kept for."""
    return int(optional(KEPT_YEARS, "7"))


def years_before(at: datetime, years: int) -> datetime:
    """The same day so many years ago; of 29 February the 28th, so that nothing goes a day early."""
    if at.month == _FEBRUARY and at.day == _LEAP_DAY:
        at = at.replace(day=_LEAP_DAY - 1)
    return at.replace(year=at.year - years)


class ForgetAudit:
    def __init__(
        self,
        database: Database,
        now: Callable[[], datetime] = clock.now,
        years: Callable[[], int] = years_from_environment,
    ) -> None:
        self._database = database
        self._now = now
        self._years = years

    def __call__(self) -> int:
        """In all namespaces, the oldest first, some thousands a transaction; how many lines went."""
        before = years_before(self._now(), self._years())
        return sum(self._forget(namespace, before) for namespace in all_namespaces(self._database))

    def _forget(self, namespace: str, before: datetime) -> int:
        forgotten, part = 0, _AT_ONCE
        while part == _AT_ONCE:
            with self._database.transaction(namespace) as transaction:
                (row,) = transaction.fetch_all(_SQL["forget"], {"before": before, "most": _AT_ONCE})
                transaction.commit()
            part = int(row["forgotten"])
            forgotten += part
        return forgotten
