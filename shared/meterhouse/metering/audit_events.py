"""The use case of the scheduled audit: is every event accepted in the last hours somewhere, in every namespace?"""

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import reduce
from typing import Protocol

from meterhouse.kernel.period import Period
from meterhouse.metering.account_for_events import AccountForEvents
from meterhouse.metering.conservation import HOUR, Account, reported_period, total

AUDITED = 3 * HOUR


class Namespaces(Protocol):
    def witnessed(self, period: Period) -> Sequence[str]:
        """Those that events were accepted for or written in, known to us or not."""


class AuditEvents:
    def __init__(
        self,
        account: AccountForEvents,
        namespaces: Namespaces,
        report: Callable[[str, Account], None],
        now: Callable[[], datetime],
    ) -> None:
        self._account = account
        self._namespaces = namespaces
        self._report = report
        self._now = now

    def __call__(self) -> Account:
        """The account of the last hours, the open one included, over all namespaces; each with a fault is reported.

        Raises:
            Unavailable: a store did not answer, or so much is new that the next audit has to go on.
        """
        period = self.period(self._now())
        look = self._account.look()
        accounts = []
        for namespace in self._namespaces.witnessed(period):
            found = total(self._account(namespace, period, look))
            if found.astray:
                self._report(namespace, found)
            accounts.append(found)
        return reduce(Account.__add__, accounts, Account())

    @staticmethod
    def period(at: datetime) -> Period:
        """The hours that an audit at this instant looks at."""
        return reported_period(at - AUDITED, None, at)
