"""Backtests of plans: started here, rated by their workflow."""

from meterhouse.billing.backtest_api import backtest_routes
from meterhouse.billing.backtests import BacktestService
from meterhouse.billing.postgres_backtests import PostgresBacktestStore
from meterhouse.billing.start_backtest import StartBacktest
from meterhouse.platform.http import http_handler
from meterhouse.platform.postgres import Database, PostgresSettings, begins
from meterhouse.platform.stepfunctions import StepFunctions

database = Database(PostgresSettings.from_environment)
begin = begins(database, PostgresBacktestStore)
workflow = StepFunctions("BACKTEST_WORKFLOW_ARN")

handler = http_handler(
    backtest_routes(StartBacktest(begin, workflow), BacktestService(begin)),
    database=database,
)
