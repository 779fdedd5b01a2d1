"""Months of a customer at random, of which several things happen at a time, each on a connection of its own.

As when one follows the other, a period was charged what its usage comes to, and the audit finds nothing.
"""

import random
from collections.abc import Collection, Mapping
from contextlib import suppress
from copy import copy
from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from meterhouse.billing.drive_invoice import DriveInvoice
from meterhouse.billing.dunning import Dunning
from meterhouse.billing.payment_report import PaymentReport
from meterhouse.billing.record_payment import RecordPayment
from meterhouse.billing.state import Trigger
from meterhouse.catalog.feature import Feature
from meterhouse.kernel.errors import Conflict, InvalidInput
from meterhouse.kernel.period import Period
from meterhouse.ledger.expire_credits import ExpireCredits
from meterhouse.ledger.list_expired_credits import ListExpiredCredits
from meterhouse.ledger.void_credit import VoidCredit
from meterhouse.platform.postgres import Database, PostgresSettings
from tests.integration.billing.audited import audited, findings
from tests.integration.billing.conftest import Run
from tests.integration.billing.given import Api
from tests.integration.billing.parts import UsageByDay
from tests.integration.billing.purse import Purse
from tests.integration.billing.racing import all_at_once, databases, on
from tests.integration.billing.test_random_months import GIVING_UP, KEEPING, STOP, Months, card

AT_A_TIME = 3
BESIDE = ["run", "bill", "report", "report", "drive", "void_grant", "expire"]


class UsageMeanwhile(UsageByDay):
    """What was used so far, while others use more."""

    def quantities(
        self, namespace: str, feature: Feature, period: Period, subjects: Mapping[str, Collection[str]]
    ) -> Mapping[str, Decimal]:
        return UsageByDay(dict(self.used)).quantities(namespace, feature, period, subjects)


class MonthsAtOnce(Months):
    def __post_init__(self) -> None:
        super().__post_init__()
        self.used = self.run.usage = UsageMeanwhile()

    def pass_by_on(self, opened: Collection[Database], steps: Collection[str]) -> None:
        while self.run.now < STOP:
            self.run.now += timedelta(minutes=self.r.randint(1, 60 * 24 * 4))
            names = [self.r.choice([*steps, *BESIDE]) for _ in opened]
            self.log.append(f"{self.run.now} {' '.join(names)}")
            all_at_once([getattr(self._on(database), f"_{name}") for database, name in zip(opened, names, strict=True)])

    def remaining(self) -> list[Decimal]:
        with Purse(self.run).begin(self.run.namespace) as work:
            held = work.store.ledger.holdings([self.ann]).values()
        return [position.remaining for holding in held for position in holding.positions]

    def _on(self, database: Database) -> "MonthsAtOnce":
        other = copy(self)
        other.run = on(database, self.run)
        other.api, other.r = Api(other.run), random.Random(self.r.random())  # noqa: S311 - a seed is to be repeated
        return other

    def _now(self) -> datetime:
        return self.run.now

    def _report(self) -> None:
        """What others report of at the same time, too: another outcome, or the same under the same key."""
        invoices = self._invoices(lambda state: not state.startswith("draft."))
        if invoices:
            one, outcome = self.r.choice(invoices), self.r.choice([Trigger.PAID, Trigger.FAILED, Trigger.AUTHORIZED])
            report = PaymentReport(f"{outcome}/{one.id}", outcome, self.run.now, attempt=self.r.choice([None, 1]))
            with suppress(Conflict, InvalidInput):  # there was no attempt 1 where nothing was to be paid
                RecordPayment(self.run.begin, self.run.apps, self._now)(self.run.namespace, one.id, report)

    def _drive(self) -> None:
        drive = DriveInvoice(self.run.begin, self.run.usage, self.run.apps, Dunning(), self._now)
        for one in self.run.invoices():
            drive(self.run.namespace, one.id)

    def _void_grant(self) -> None:
        ids = self.run.rows("SELECT id FROM credit_grants WHERE namespace = %(namespace)s AND voided_at IS NULL")
        if ids:
            with suppress(Conflict):
                VoidCredit(Purse(self.run).begin, self._now)(self.run.namespace, self.ann, self.r.choice(ids)["id"])

    def _expire(self) -> None:
        begin = Purse(self.run).begin
        for batch in ListExpiredCredits(begin, lambda: [self.run.namespace], self._now)():
            ExpireCredits(begin, self._now)(batch)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("steps", [KEEPING, GIVING_UP], ids=["all is kept", "some is given up"])
def test_a_period_is_charged_what_its_usage_comes_to_whatever_happens_at_the_same_time(
    run: Run, database_settings: PostgresSettings, steps: list[str], seed: int
) -> None:
    r = random.Random(f"at once/{len(steps)}/{seed}")  # noqa: S311 - a seed is to be repeated
    months = MonthsAtOnce(run, r, card(r))
    with databases(database_settings, AT_A_TIME) as opened:
        months.pass_by_on(opened, steps)
    months.assert_charged(months.end())
    assert min(months.remaining(), default=0) >= 0, months.told
    assert audited(run).open == 0, (findings(run), months.told)
