"""The use case of the scheduled audits: is every event accepted of late somewhere, in every namespace?"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import reduce
from typing import Protocol

from meterhouse.kernel.period import Period
from meterhouse.metering.account_for_events import AccountForEvents
from meterhouse.metering.conservation import HOUR, LONGEST_SPAN, Account, reported_period, total

LAST_HOURS = 3 * HOUR
LAST_MONTH = LONGEST_SPAN - HOUR
"""With the open hour the longest period of a report: what a store that was away for days gave up at last is found."""


@dataclass(frozen=True, slots=True)
class Audit:
    """The account of each namespace, and how many letters died meanwhile."""

    accounts: Mapping[str, Account]
    letters: int

    @property
    def total(self) -> Account:
        return reduce(Account.__add__, self.accounts.values(), Account())


class Witnessed(Protocol):
    def witnessed(self, period: Period) -> Sequence[str]:
        """Namespaces that events were accepted for or written in, known to us or not."""

    def died(self, period: Period) -> int:
        """Dead letters of the period, the sink's and the mapping's own, whosever their records are."""


class AuditEvents:
    def __init__(
        self,
        account: AccountForEvents,
        witnessed: Witnessed,
        report: Callable[[str, Account], None],
        now: Callable[[], datetime],
        span: timedelta,
    ) -> None:
        self._account = account
        self._witnessed = witnessed
        self._report = report
        self._now = now
        self._span = span

    def __call__(self) -> Audit:
        """The accounts of the span, the open hour included; each with a fault is reported when it is found.

        Raises:
            Unavailable: a store did not answer, or so much is new that the next audit has to go on.
        """
        period = self.period(self._now(), self._span)
        look = self._account.look()
        accounts = {}
        for namespace in self._witnessed.witnessed(period):
            found = total(self._account(namespace, period, look))
            if found.astray:
                self._report(namespace, found)
            accounts[namespace] = found
        return Audit(accounts, self._witnessed.died(period))

    @staticmethod
    def period(at: datetime, span: timedelta) -> Period:
        """The hours that an audit at this instant looks at."""
        return reported_period(at - span, None, at)
