"""Sums up a backtest once its batches were rated."""

from typing import Any

from meterhouse.billing.backtest_run import run_of
from meterhouse.billing.finish_backtest import FinishBacktest
from meterhouse.billing.postgres_backtests import PostgresBacktestStore
from meterhouse.platform.postgres import Database, PostgresSettings, begins
from meterhouse.platform.task import task

database = Database(PostgresSettings.from_environment)
finish = FinishBacktest(begins(database, PostgresBacktestStore))


@task
def handler(event: dict[str, Any]) -> dict[str, Any]:
    """{"namespace", "planId", "backtestId"} -> {"complete": every customer was compared}."""
    return {"complete": finish(run_of(event))}
