"""The customers of a backtest in batches."""

from typing import Any

from meterhouse.billing.backtest_run import run_of
from meterhouse.billing.finish_backtest import ListBacktestBatches
from meterhouse.billing.postgres_backtests import PostgresBacktestStore
from meterhouse.platform.postgres import Database, PostgresSettings, begins
from meterhouse.platform.task import task

database = Database(PostgresSettings.from_environment)
list_batches = ListBacktestBatches(begins(database, PostgresBacktestStore))


@task
def handler(event: dict[str, Any]) -> dict[str, Any]:
    """{"namespace", "planId", "backtestId"} -> {"batches": [{"afterCustomerId", "upToCustomerId"}]}."""
    return {"batches": list_batches(run_of(event))}
