"""Prices of language models, what features cost by them, and what is left of the revenue."""

from meterhouse.billing.for_llmcost import InvoicedRevenues
from meterhouse.llmcost.api import routes
from meterhouse.llmcost.manage_prices import ManagePrices
from meterhouse.llmcost.postgres import PostgresLlmCost
from meterhouse.llmcost.priced_usage import PricedUsage
from meterhouse.llmcost.query_cost import QueryCost
from meterhouse.llmcost.report_margins import ReportMargins
from meterhouse.llmcost.unknown_models import ListUnknownModels
from meterhouse.metering.clickhouse import ClickHouseUsage
from meterhouse.metering.postgres_directory import directory_of
from meterhouse.metering.query_usage import QueryUsage
from meterhouse.platform import clock
from meterhouse.platform.clickhouse import ClickHouse, ClickHouseSettings
from meterhouse.platform.http import http_handler
from meterhouse.platform.postgres import Database, PostgresSettings, begins

database = Database(PostgresSettings.from_environment)
begin = begins(database, PostgresLlmCost)
directory = directory_of(database)
store = ClickHouseUsage(ClickHouse(ClickHouseSettings.from_environment))
usage = PricedUsage(begin, directory, QueryUsage(directory, store, clock.now).query_of, store)

handler = http_handler(
    *routes(
        ManagePrices(begin),
        QueryCost(begin, usage),
        ReportMargins(begin, usage, InvoicedRevenues(database)),
        ListUnknownModels(begin, usage),
    ),
    database=database,
)
