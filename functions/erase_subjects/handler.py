"""Erases the subjects that somebody asked to erase, every ten minutes, as far as the time of an invocation allows."""

from datetime import timedelta
from typing import Any

from meterhouse.customers.postgres_erasures import AllErasures, NamedRecords, PostgresErasures
from meterhouse.metering.clickhouse_archive import ClickHouseArchive
from meterhouse.metering.clickhouse_erasure import ClickHouseErasure
from meterhouse.metering.clickhouse_sink import ClickHouseSink
from meterhouse.metering.erase_archive import EraseArchive
from meterhouse.metering.erase_subjects import EraseSubjects, ErasurePorts
from meterhouse.metering.postgres import AllMeters, OutboxNotices
from meterhouse.metering.rebuild_usage import StillWhole
from meterhouse.metering.s3_archive_eraser import S3ArchiveEraser
from meterhouse.metering.sink import EventWriter
from meterhouse.platform import clock, ids
from meterhouse.platform.clickhouse import ClickHouse, ClickHouseSettings
from meterhouse.platform.namespaces import all_namespaces
from meterhouse.platform.postgres import Database, PostgresSettings, begins
from meterhouse.platform.task import task

BUDGET = timedelta(minutes=8)
"""The largest step must fit into the timeout beside it."""
ROOMS = ("platform", "customers", "metering", "entitlements", "billing", "notifications", "portal")

database = Database(PostgresSettings.from_environment)
store = ClickHouse(ClickHouseSettings.from_environment)
archive, held, usage = S3ArchiveEraser(), ClickHouseArchive(store), ClickHouseErasure(store)
meters, notices = AllMeters(database), OutboxNotices(database)
erase = EraseSubjects(
    ErasurePorts(
        begins(database, PostgresErasures),
        usage,
        EraseArchive(archive, usage, held.hold, clock.now),
        NamedRecords(database, ROOMS),
        meters,
        EventWriter(meters, ClickHouseSink(store), notices, ids.new_id, AllErasures(database).of),
        notices,
        StillWhole(archive, held),
    ),
    lambda: all_namespaces(database),
    now=clock.now,
    new_id=ids.new_id,
)


@task
def handler(_event: dict[str, Any]) -> dict[str, Any]:
    """{"passes": how many were made}."""
    return {"passes": erase(clock.now() + BUDGET)}
