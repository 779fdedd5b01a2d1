"""Starts backfills again that were never started, died or failed, every five minutes."""

from typing import Any

from meterhouse.metering.postgres_backfills import PostgresBackfills
from meterhouse.metering.resume_backfills import ResumeBackfills
from meterhouse.platform import clock, ids
from meterhouse.platform.namespaces import all_namespaces
from meterhouse.platform.postgres import Database, PostgresSettings, begins
from meterhouse.platform.task import task

database = Database(PostgresSettings.from_environment)
resume = ResumeBackfills(
    begins(database, PostgresBackfills), lambda: all_namespaces(database), now=clock.now, new_id=ids.new_id
)


@task
def handler(_event: dict[str, Any]) -> dict[str, Any]:
    """{"resumed": how many}."""
    return {"resumed": resume()}
