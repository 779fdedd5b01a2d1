"""Subscriptions."""

from meterhouse.platform import clock
from meterhouse.platform.http import http_handler
from meterhouse.platform.postgres import Database, PostgresSettings, begins
from meterhouse.subscriptions.addon_api import addon_routes
from meterhouse.subscriptions.addon_service import AddonService
from meterhouse.subscriptions.api import routes
from meterhouse.subscriptions.change_api import change_routes
from meterhouse.subscriptions.of_plan import ListSubscriptions
from meterhouse.subscriptions.of_plan_api import of_plan_routes
from meterhouse.subscriptions.postgres import PostgresStore
from meterhouse.subscriptions.postgres_of_plan import PostgresSubscribers
from meterhouse.subscriptions.service import SubscriptionService

database = Database(PostgresSettings.from_environment)
service = SubscriptionService(begins(database, PostgresStore))
addons = AddonService(begins(database, PostgresStore))
of_plan = ListSubscriptions(begins(database, PostgresSubscribers), clock.now)

served = (routes(service), change_routes(service), addon_routes(addons), of_plan_routes(of_plan))
handler = http_handler(*served, database=database)
