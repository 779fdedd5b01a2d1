"""Rates one batch of a backtest's customers: what they paid beside what the plan would have come to."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from itertools import groupby

from meterhouse.billing.backtest import Backtest, BacktestRow, Reason, RowState
from meterhouse.billing.backtest_case import Case, case_of, failed, settled
from meterhouse.billing.backtest_ports import BacktestStore
from meterhouse.billing.backtest_run import BacktestRun, found_backtest
from meterhouse.billing.batch import Batch, Outcome, each_fault_its_own
from meterhouse.billing.billed_lines import BilledLines, billed_lines, less_given_back
from meterhouse.billing.compared_periods import Stretch, last_stretches
from meterhouse.billing.overages import bases_of
from meterhouse.billing.ports import UsageReader
from meterhouse.billing.profile import Workflow
from meterhouse.billing.quantities import of_customers, quantities_of
from meterhouse.kernel.errors import InvalidInput
from meterhouse.platform import clock
from meterhouse.platform.work import Begin, Work
from meterhouse.subscriptions.model import Subscription

_UNEXPECTED = Reason("unexpected", "an unexpected error; the log of rate_backtest has it")


class RateBacktest:
    def __init__(
        self, begin: Begin[BacktestStore], usage: UsageReader, now: Callable[[], datetime] = clock.now
    ) -> None:
        self._begin = begin
        self._usage = usage
        self._now = now

    def __call__(self, run: BacktestRun, after: str, up_to: str) -> Outcome:
        """Compare the customers in (`after`, `up_to`] that are still to be; a repeat finds none.

        Raises:
            NotFound: there is no such backtest.
            Unavailable: a store does not answer; nothing of the batch was written.
        """
        with self._begin(run.namespace) as work:
            backtest = found_backtest(work, run.plan_id, run.backtest_id)
            ids = work.store.backtests.pending(backtest.id, after, up_to)
        outcome = each_fault_its_own(Batch(run.namespace, after, ids), lambda part: self._rate(backtest, part))
        with self._begin(run.namespace) as work:
            broken = [BacktestRow(one, RowState.FAILED, reason=_UNEXPECTED) for one in outcome.failed]
            work.store.backtests.settle(backtest.id, broken)
            work.commit()
        return outcome

    def _rate(self, backtest: Backtest, batch: Batch) -> Outcome:
        now = self._now()
        with self._begin(batch.namespace) as work:
            cases, rows = _cases(work, backtest, batch.ids, now)
            customers = work.store.customers.by_ids(batch.ids)
            lines = of_customers((line for case in cases for line in case.unrated), customers)
            quantities = quantities_of(batch.namespace, lines, work.store.features, self._usage)
            default = work.store.profiles.default()
            workflow = Workflow() if default is None else default.spec.workflow
            pinned = work.store.overrides.pinned(batch.ids)
            own = {customer_id: profile.spec.workflow for customer_id, profile in pinned.items()}
            bases = bases_of(work.store.currencies, lines)
            rows += [settled(case, quantities, own.get(case.customer_id, workflow), now, bases) for case in cases]
            work.store.backtests.settle(backtest.id, rows)
            work.commit()
        incomparable = {row.customer_id: row.reason.message for row in rows if row.reason is not None}
        return Outcome(len(rows) - len(incomparable), incomparable)


def _cases(
    work: Work[BacktestStore], backtest: Backtest, customer_ids: Sequence[str], now: datetime
) -> tuple[list[Case], list[BacktestRow]]:
    """The customers that can be compared, and the rows of those that cannot."""
    agreed = work.store.subscriptions.of_customers(customer_ids)
    stretches, rows = _stretches(agreed, backtest, customer_ids)
    billed = _billed(work, agreed, [stretch for own in stretches.values() for stretch in own])
    cases = []
    for customer_id, own in stretches.items():
        try:
            cases.append(case_of(customer_id, own, backtest.spec, billed, now))
        except InvalidInput as error:
            rows.append(failed(customer_id, error))
    return cases, rows


def _stretches(
    agreed: Iterable[Subscription], backtest: Backtest, customer_ids: Sequence[str]
) -> tuple[dict[str, list[Stretch]], list[BacktestRow]]:
    """What is compared of each customer, and the rows of those of whom nothing can be."""
    subscriptions = {one: list(own) for one, own in groupby(agreed, key=lambda one: one.customer_id)}
    stretches, rows = {}, []
    for one in customer_ids:
        try:
            own = subscriptions.get(one, ())
            stretches[one] = last_stretches(own, backtest.plan.key, backtest.periods, backtest.as_of)
        except InvalidInput as error:
            rows.append(failed(one, error))
    return stretches, rows


def _billed(work: Work[BacktestStore], agreed: Sequence[Subscription], compared: Sequence[Stretch]) -> BilledLines:
    """What became of the customers' lines; nothing where nothing is compared."""
    if not compared:
        return BilledLines()
    lines, ids = work.store.lines, [subscription.id for subscription in agreed]
    since, until = min(one.period.start for one in compared), max(one.period.end for one in compared)
    issued, drafted = (lines.standing_of(ids, since, is_issued=is_issued) for is_issued in (True, False))
    back = lines.given_back([line.id for line in (*issued, *drafted)])
    issued = [less_given_back(line, back[line.id]) if line.id in back else line for line in issued]
    pending = lines.pending(sorted({subscription.customer_id for subscription in agreed}))
    return billed_lines(agreed, lines.known_of(ids), pending, issued, drafted, back, until)
