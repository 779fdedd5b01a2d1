"""Entitlements and grants."""

from meterhouse.entitlements.api import management_routes
from meterhouse.entitlements.management import management
from meterhouse.entitlements.postgres import PostgresStore
from meterhouse.platform.http import http_handler
from meterhouse.platform.postgres import Database, PostgresSettings, begins

database = Database(PostgresSettings.from_environment)

handler = http_handler(*management_routes(management(begins(database, PostgresStore))), database=database)
