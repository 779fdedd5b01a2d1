"""Has a meter read earlier events, for as long as an invocation may take."""

from datetime import timedelta
from typing import Any

from meterhouse.kernel.errors import InvalidInput, Problem
from meterhouse.metering.backfill_meter import BackfillMeter, BackfillPorts, BackfillRun
from meterhouse.metering.clickhouse_sink import ClickHouseSink
from meterhouse.metering.clickhouse_stored_events import ClickHouseStoredEvents
from meterhouse.metering.postgres import AllMeters, OutboxNotices, PostgresMeters
from meterhouse.metering.postgres_backfills import PostgresBackfills
from meterhouse.metering.sink import MeterValueWriter
from meterhouse.platform import clock, ids
from meterhouse.platform.clickhouse import ClickHouse, ClickHouseSettings
from meterhouse.platform.postgres import Database, PostgresSettings, begins
from meterhouse.platform.postgres_transaction import Transaction
from meterhouse.platform.task import task, text

BUDGET = timedelta(minutes=4)
"""A page more must fit into the timeout."""


def ports(transaction: Transaction) -> BackfillPorts:
    return BackfillPorts(PostgresMeters(transaction), PostgresBackfills(transaction))


database = Database(PostgresSettings.from_environment)
store = ClickHouse(ClickHouseSettings.from_environment)
write = MeterValueWriter(AllMeters(database), ClickHouseSink(store), OutboxNotices(database), ids.new_id)
backfill = BackfillMeter(begins(database, ports), ClickHouseStoredEvents(store), write, now=clock.now)


def run_of(event: dict[str, Any]) -> BackfillRun:
    """The run in the task's input.

    Raises:
        InvalidInput: one of its ids is missing or of another type.
    """
    revision = event.get("revision")
    if type(revision) is not int:
        raise InvalidInput("the task's input lacks revision", [Problem("/revision", "integer", "a number is required")])
    return BackfillRun(text(event, "namespace"), text(event, "meterId"), revision)


@task
def handler(event: dict[str, Any]) -> dict[str, Any]:
    """{"namespace", "meterId", "revision"} -> {"complete"}; with a "problem" the backfill is recorded as failed."""
    if "problem" in event:
        backfill.fail(run_of(event), event["problem"])
        return {"complete": False}
    return {"complete": backfill(run_of(event), clock.now() + BUDGET)}
