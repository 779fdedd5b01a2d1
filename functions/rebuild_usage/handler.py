"""Rebuilds the usage store from the archive and the log, a few minutes at a time; invoked by the operator."""

from dataclasses import asdict
from datetime import timedelta
from operator import attrgetter
from typing import Any

from meterhouse.customers.postgres_erasures import AllErasures
from meterhouse.metering.clickhouse_archive import ClickHouseArchive
from meterhouse.metering.clickhouse_retention import keep_events, retention_days
from meterhouse.metering.clickhouse_rollup import ClickHouseRollups
from meterhouse.metering.clickhouse_sink import ClickHouseSink
from meterhouse.metering.kafka_topic import KafkaTopic
from meterhouse.metering.postgres import AllMeters, OutboxNotices
from meterhouse.metering.rebuild_usage import RebuildPorts, RebuildUsage, share_of
from meterhouse.metering.roll_up import RollUpUsage
from meterhouse.metering.s3_archive import S3Archive
from meterhouse.metering.sink import EventWriter
from meterhouse.platform import clock, ids
from meterhouse.platform.clickhouse import ClickHouse, ClickHouseSettings
from meterhouse.platform.kafka import KafkaSettings
from meterhouse.platform.migrated_clickhouse import MigratedClickHouse
from meterhouse.platform.migrations import migrate, migrations
from meterhouse.platform.postgres import Database, PostgresSettings
from meterhouse.platform.settings import optional
from meterhouse.platform.task import task

BUDGET = timedelta(minutes=1)
"""Whoever waits sees it move; the largest hour must fit into the timeout."""

database = Database(PostgresSettings.from_environment)
store = ClickHouse(ClickHouseSettings.from_environment)
events, letters = (
    KafkaTopic(KafkaSettings.from_environment, attrgetter(name)) for name in ("events_topic", "dead_letter_topic")
)
erased = AllErasures(database).of
writer = EventWriter(AllMeters(database), ClickHouseSink(store), OutboxNotices(database), ids.new_id, erased)
rebuild = RebuildUsage(
    RebuildPorts(
        S3Archive(),
        ClickHouseArchive(store),
        events,
        writer,
        (events.rewind, letters.rewind),
        RollUpUsage(ClickHouseRollups(store)),
    ),
    now=clock.now,
)


@task
def handler(event: dict[str, Any]) -> dict[str, Any]:
    """{"worker", "workers"}: numbers, 0 of 1 by default -> {"hours", "held", "records_left", "complete"}."""
    share = share_of(event)
    migrate(MigratedClickHouse(ClickHouseSettings.from_environment()), migrations("clickhouse"))
    keep_events(store, None)  # the days that retention drops are read once more before
    progress = rebuild(share, clock.now() + BUDGET)
    if progress.complete:
        keep_events(store, retention_days(optional("EVENTS_RETENTION_DAYS", "")))
    return asdict(progress)
