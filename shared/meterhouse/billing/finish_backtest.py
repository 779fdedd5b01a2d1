"""The first and the last step of a backtest's workflow: its customers in batches, and its summary."""

from collections.abc import Callable
from datetime import datetime
from itertools import pairwise

from meterhouse.billing.backtest import BacktestRow, BacktestState, Reason, RowState
from meterhouse.billing.backtest_ports import BacktestStore
from meterhouse.billing.backtest_run import BacktestRun, found_backtest
from meterhouse.billing.comparison import summary_of
from meterhouse.platform import clock
from meterhouse.platform.work import Begin

BATCH_SIZE = 200
_BEFORE_ALL = ""
_BROKEN = Reason("batch_failed", "the batch of the customer could not be rated; the workflow's log says why")


class ListBacktestBatches:
    def __init__(self, begin: Begin[BacktestStore], size: int = BATCH_SIZE) -> None:
        self._begin = begin
        self._size = size

    def __call__(self, run: BacktestRun) -> list[dict[str, str]]:
        """The edges {"afterCustomerId", "upToCustomerId"} of batches that together hold every customer once.

        Raises:
            NotFound: there is no such backtest, or not yet: it is told of just before it is saved.
        """
        with self._begin(run.namespace) as work:
            backtest = found_backtest(work, run.plan_id, run.backtest_id)
            edges = [_BEFORE_ALL, *work.store.backtests.edges(backtest.id, self._size)]
        return [{"afterCustomerId": after, "upToCustomerId": up_to} for after, up_to in pairwise(edges)]


class FinishBacktest:
    def __init__(self, begin: Begin[BacktestStore], now: Callable[[], datetime] = clock.now) -> None:
        self._begin = begin
        self._now = now

    def __call__(self, run: BacktestRun) -> bool:
        """Sum up what the batches wrote; whether every customer was compared. A repeat changes nothing.

        Raises:
            NotFound: there is no such backtest.
        """
        now = self._now()
        with self._begin(run.namespace) as work:
            backtests = work.store.backtests
            backtest = found_backtest(work, run.plan_id, run.backtest_id)
            left = backtests.pending(backtest.id, _BEFORE_ALL)
            backtests.settle(backtest.id, [BacktestRow(one, RowState.FAILED, reason=_BROKEN) for one in left])
            compared = backtests.sums(backtest.id)
            backtests.finish(backtest.id, summary_of(compared, backtest.customers - len(compared)), now)
            finished = found_backtest(work, run.plan_id, run.backtest_id)
            work.commit()
        return finished.state_at(now) is BacktestState.COMPLETE
