"""Subscriptions."""

from meterhouse.platform.http import http_handler
from meterhouse.platform.postgres import Database, PostgresSettings, begins
from meterhouse.subscriptions.api import routes
from meterhouse.subscriptions.postgres import PostgresStore
from meterhouse.subscriptions.service import SubscriptionService

database = Database(PostgresSettings.from_environment)
service = SubscriptionService(begins(database, PostgresStore))

handler = http_handler(routes(service), database=database)
