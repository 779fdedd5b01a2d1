"""Prepaid credit: grants, balances, transactions, adjustments."""

from meterhouse.ledger.api import routes
from meterhouse.ledger.management import management
from meterhouse.ledger.postgres import PostgresLedgerStore
from meterhouse.platform.http import http_handler
from meterhouse.platform.postgres import Database, PostgresSettings, begins

database = Database(PostgresSettings.from_environment)

handler = http_handler(*routes(management(begins(database, PostgresLedgerStore))), database=database)
