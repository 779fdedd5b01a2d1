"""Asks once a day whether each event accepted in the last month is somewhere, and tells CloudWatch."""

from typing import Any

from meterhouse.metering.audit_events import LAST_MONTH
from meterhouse.metering.cloudwatch_audit import tell
from meterhouse.metering.scheduled_audit import audit_of
from meterhouse.platform.clickhouse import ClickHouse, ClickHouseSettings
from meterhouse.platform.kafka import KafkaSettings
from meterhouse.platform.postgres import Database, PostgresSettings
from meterhouse.platform.task import task

store = ClickHouse(ClickHouseSettings.from_environment)
database = Database(PostgresSettings.from_environment)
audit = audit_of(LAST_MONTH, KafkaSettings.from_environment, store, database)


@task
def handler(_event: dict[str, Any]) -> dict[str, Any]:
    """The numbers of the metrics, in events and letters of the last month."""
    return {**tell(audit())}
