"""Subscriptions."""

from meterhouse.platform import clock, ids
from meterhouse.platform.http import http_handler
from meterhouse.platform.postgres import Database, PostgresSettings, begins
from meterhouse.subscriptions.api import routes
from meterhouse.subscriptions.create import CreateSubscription
from meterhouse.subscriptions.postgres import PostgresStore
from meterhouse.subscriptions.service import SubscriptionService

database = Database(PostgresSettings.from_environment)
begin = begins(database, PostgresStore)
service = SubscriptionService(begin, clock.now)
create_subscription = CreateSubscription(begin, ids.new_id, clock.now)

handler = http_handler(routes(service, create_subscription), database=database)
