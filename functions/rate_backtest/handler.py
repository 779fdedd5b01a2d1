"""Compares one batch of a backtest's customers."""

from typing import Any

from meterhouse.billing.backtest_run import edges_of, run_of
from meterhouse.billing.metered_usage import MeteredUsage
from meterhouse.billing.postgres_backtests import PostgresBacktestStore
from meterhouse.billing.rate_backtest import RateBacktest
from meterhouse.metering.clickhouse import ClickHouseUsage
from meterhouse.metering.postgres import PostgresMeters
from meterhouse.platform.clickhouse import ClickHouse, ClickHouseSettings
from meterhouse.platform.postgres import Database, PostgresSettings, begins
from meterhouse.platform.task import task

database = Database(PostgresSettings.from_environment)
usage_store = ClickHouse(ClickHouseSettings.from_environment)
usage = MeteredUsage(begins(database, PostgresMeters), ClickHouseUsage(usage_store))
rate_backtest = RateBacktest(begins(database, PostgresBacktestStore), usage)


@task
def handler(event: dict[str, Any]) -> dict[str, Any]:
    """{"namespace", "planId", "backtestId", "batch"} -> {"succeeded", "failed": how many}."""
    outcome = rate_backtest(run_of(event), *edges_of(event))
    return {"succeeded": outcome.succeeded, "failed": len(outcome.failed)}
