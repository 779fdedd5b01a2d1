"""Hides, before an invoice run, later writings of events that still count beside the first ones."""

from typing import Any

from meterhouse.billing.batch import as_of_of
from meterhouse.billing.for_metering import PostgresOpenPeriods
from meterhouse.metering.clickhouse_sink import ClickHouseSink
from meterhouse.metering.clickhouse_sweep import ClickHouseWritings
from meterhouse.metering.postgres import AllMeters, OutboxNotices
from meterhouse.metering.sweep_writings import SweepWritings
from meterhouse.platform import clock, ids
from meterhouse.platform.clickhouse import ClickHouse, ClickHouseSettings
from meterhouse.platform.logging import count, logger
from meterhouse.platform.namespaces import all_namespaces
from meterhouse.platform.postgres import Database, PostgresSettings
from meterhouse.platform.task import task

database = Database(PostgresSettings.from_environment)
store = ClickHouse(ClickHouseSettings.from_environment)
sweep = SweepWritings(
    lambda: all_namespaces(database),
    AllMeters(database),
    PostgresOpenPeriods(database),
    ClickHouseWritings(store),
    ClickHouseSink(store),
    OutboxNotices(database),
    now=clock.now,
    new_id=ids.new_id,
)


@task
def handler(event: dict[str, Any]) -> dict[str, Any]:
    """{"asOf"} -> {"superseded": how many values}."""
    superseded = sweep(as_of_of(event, clock.now()))
    logger.info("later writings swept", extra={"superseded": superseded})
    count("WritingsSuperseded", superseded)
    return {"superseded": superseded}
