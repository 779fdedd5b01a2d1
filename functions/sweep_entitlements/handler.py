"""Announces entitlements that change by themselves, every minute."""

from typing import Any

from meterhouse.entitlements.postgres_due import PostgresDueEntitlements
from meterhouse.entitlements.sweep_entitlements import SweepEntitlements
from meterhouse.platform import clock, ids
from meterhouse.platform.namespaces import all_namespaces
from meterhouse.platform.postgres import Database, PostgresSettings, begins
from meterhouse.platform.task import task

database = Database(PostgresSettings.from_environment)
sweep = SweepEntitlements(
    begins(database, PostgresDueEntitlements), lambda: all_namespaces(database), now=clock.now, new_id=ids.new_id
)


@task
def handler(_event: dict[str, Any]) -> dict[str, Any]:
    """{"due": how many}."""
    return {"due": sweep()}
