"""Prepaid credit: grants, balances, transactions, adjustments."""

from meterhouse.billing.metered_usage import MeteredUsage
from meterhouse.billing.open_lines import OpenLines
from meterhouse.billing.postgres import PostgresBilling
from meterhouse.ledger.api import routes
from meterhouse.ledger.management import management
from meterhouse.ledger.postgres import PostgresLedgerStore
from meterhouse.metering.clickhouse import ClickHouseUsage
from meterhouse.metering.postgres import PostgresMeters
from meterhouse.platform.clickhouse import ClickHouse, ClickHouseSettings
from meterhouse.platform.http import http_handler
from meterhouse.platform.postgres import Database, PostgresSettings, begins

database = Database(PostgresSettings.from_environment)
usage_store = ClickHouse(ClickHouseSettings.from_environment)
usage = MeteredUsage(begins(database, PostgresMeters), ClickHouseUsage(usage_store))
open_charges = OpenLines(begins(database, PostgresBilling), usage)

handler = http_handler(*routes(management(begins(database, PostgresLedgerStore), open_charges)), database=database)
