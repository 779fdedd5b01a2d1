"""Asks every five minutes whether some rollups, picked at random, are what their values say, and tells CloudWatch."""

from typing import Any

from meterhouse.metering.audit_rollups import AuditRollups
from meterhouse.metering.clickhouse_rollup_audit import ClickHouseRollupAudit
from meterhouse.metering.cloudwatch_audit import report_rollup, tell_rollups
from meterhouse.metering.kafka_watermark import KafkaEventLog
from meterhouse.metering.postgres import AllMeters
from meterhouse.platform.clickhouse import ClickHouse, ClickHouseSettings
from meterhouse.platform.kafka import KafkaSettings
from meterhouse.platform.postgres import Database, PostgresSettings
from meterhouse.platform.task import task

meters = AllMeters(Database(PostgresSettings.from_environment))
rolled_up = ClickHouseRollupAudit(ClickHouse(ClickHouseSettings.from_environment))
audit = AuditRollups(KafkaEventLog(KafkaSettings.from_environment), meters, meters, rolled_up, report_rollup)


@task
def handler(_event: dict[str, Any]) -> dict[str, Any]:
    """The numbers of the metrics, in spans."""
    return {**tell_rollups(audit())}
