"""Usage of meters, and the events behind it."""

from meterhouse.metering.clickhouse import ClickHouseUsage
from meterhouse.metering.clickhouse_events import ClickHouseEvents
from meterhouse.metering.clickhouse_metrics import ClickHouseEventCounts
from meterhouse.metering.clickhouse_progress import ClickHouseRunningQueries
from meterhouse.metering.events_api import events_routes
from meterhouse.metering.list_events import ListEvents
from meterhouse.metering.metrics import ShowMetrics
from meterhouse.metering.metrics_api import metrics_routes
from meterhouse.metering.postgres_directory import directory_of
from meterhouse.metering.progress import FollowProgress
from meterhouse.metering.progress_api import progress_routes
from meterhouse.metering.query_usage import QueryUsage
from meterhouse.metering.usage_api import usage_routes
from meterhouse.platform import clock
from meterhouse.platform.clickhouse import ClickHouse, ClickHouseSettings
from meterhouse.platform.http import http_handler
from meterhouse.platform.postgres import Database, PostgresSettings

directory = directory_of(Database(PostgresSettings.from_environment))
store = ClickHouse(ClickHouseSettings.from_environment)
handler = http_handler(
    usage_routes(QueryUsage(directory, ClickHouseUsage(store), clock.now)),
    events_routes(ListEvents(directory, ClickHouseEvents(store), clock.now)),
    metrics_routes(ShowMetrics(ClickHouseEventCounts(store), clock.now)),
    progress_routes(FollowProgress(ClickHouseRunningQueries(store), clock.now)),
)
