"""Meters."""

from meterhouse.metering.api import routes
from meterhouse.metering.postgres import PostgresMeters
from meterhouse.metering.service import MeterService
from meterhouse.platform.http import http_handler
from meterhouse.platform.postgres import Database, PostgresSettings, begins

database = Database(PostgresSettings.from_environment)
handler = http_handler(routes(MeterService(begins(database, PostgresMeters))), database=database)
