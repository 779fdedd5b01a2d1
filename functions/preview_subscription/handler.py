"""Previews of changes to subscriptions: done, shown, and not saved."""

from meterhouse.billing.metered_usage import MeteredUsage
from meterhouse.billing.postgres_preview import PostgresPreview
from meterhouse.billing.preview_api import preview_routes
from meterhouse.billing.preview_subscription import PreviewSubscription
from meterhouse.metering.clickhouse import ClickHouseUsage
from meterhouse.metering.postgres import PostgresMeters
from meterhouse.platform.clickhouse import ClickHouse, ClickHouseSettings
from meterhouse.platform.http import http_handler
from meterhouse.platform.postgres import Database, PostgresSettings, begins

database = Database(PostgresSettings.from_environment)
usage_store = ClickHouse(ClickHouseSettings.from_environment)
usage = MeteredUsage(begins(database, PostgresMeters), ClickHouseUsage(usage_store))
preview = PreviewSubscription(begins(database, PostgresPreview), usage)

handler = http_handler(preview_routes(preview), database=database)
