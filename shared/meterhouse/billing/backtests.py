"""Backtests as callers see them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from meterhouse.billing.backtest import Backtest, BacktestRow, BacktestState
from meterhouse.billing.backtest_ports import BacktestStore, RowOrder
from meterhouse.billing.backtest_run import found_backtest
from meterhouse.billing.ports import PageOf
from meterhouse.customers.model import Customer
from meterhouse.kernel.errors import NotFound
from meterhouse.platform import clock
from meterhouse.platform.work import Begin, Work


@dataclass(frozen=True, slots=True)
class ShownRow:
    row: BacktestRow
    customer: Customer | None


@dataclass(frozen=True, slots=True)
class ShownBacktest:
    """A backtest as of now; `rows` is a page of its customers, of which `settled` are done."""

    backtest: Backtest
    state: BacktestState
    settled: int
    rows: tuple[ShownRow, ...] = ()


class BacktestService:
    def __init__(self, begin: Begin[BacktestStore], now: Callable[[], datetime] = clock.now) -> None:
        self._begin = begin
        self._now = now

    def page(self, namespace: str, plan_id: str, page: PageOf) -> tuple[list[ShownBacktest], int]:
        """One page of a plan's backtests, the latest first, without their customers, and how many there are.

        Raises:
            NotFound: there is no such plan.
        """
        with self._begin(namespace) as work:
            if work.store.plans.find(plan_id) is None:
                raise NotFound("plan", plan_id)
            found, total = work.store.backtests.page(plan_id, page)
            return self._shown(work, found), total

    def shown(self, namespace: str, backtest: Backtest) -> ShownBacktest:
        """A backtest without its customers."""
        with self._begin(namespace) as work:
            return self._shown(work, [backtest])[0]

    def get(self, namespace: str, plan_id: str, backtest_id: str, page: PageOf, order: RowOrder) -> ShownBacktest:
        """A backtest with one page of its customers.

        Raises:
            NotFound: the plan has no such backtest.
        """
        with self._begin(namespace) as work:
            backtest = found_backtest(work, plan_id, backtest_id)
            rows = work.store.backtests.rows(backtest.id, page, order)
            customers = work.store.customers.by_ids([row.customer_id for row in rows])
            shown = self._shown(work, [backtest])[0]
        return replace(shown, rows=tuple(ShownRow(row, customers.get(row.customer_id)) for row in rows))

    def row(self, namespace: str, plan_id: str, backtest_id: str, customer_id: str) -> tuple[Backtest, ShownRow]:
        """A customer of a backtest with its lines and their traces.

        Raises:
            NotFound: the plan has no such backtest, or the backtest no such customer.
        """
        with self._begin(namespace) as work:
            backtest = found_backtest(work, plan_id, backtest_id)
            row = work.store.backtests.row(backtest.id, customer_id)
            if row is None:
                raise NotFound("customer of the backtest", customer_id)
            customers = work.store.customers.by_ids([customer_id])
        return backtest, ShownRow(row, customers.get(customer_id))

    def _shown(self, work: Work[BacktestStore], backtests: Sequence[Backtest]) -> list[ShownBacktest]:
        settled, at = work.store.backtests.settled([one.id for one in backtests]), self._now()
        return [ShownBacktest(one, one.state_at(at), settled.get(one.id, 0)) for one in backtests]
