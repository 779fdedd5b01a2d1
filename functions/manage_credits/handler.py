"""Prepaid credit: grants, balances, transactions, adjustments."""

from meterhouse.billing.metered_usage import MeteredUsage
from meterhouse.billing.open_lines import OpenLines
from meterhouse.billing.postgres import PostgresBilling
from meterhouse.billing.purchases import BilledPurchases
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
billing = begins(database, PostgresBilling)
begin = begins(database, PostgresLedgerStore)
credits_ = management(begin, OpenLines(billing, usage), purchases=BilledPurchases(billing))

handler = http_handler(*routes(credits_), database=database)
