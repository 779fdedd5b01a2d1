"""What there is to tell of grants, in batches."""

from typing import Any

from meterhouse.entitlements.list_grant_batches import ListGrantBatches
from meterhouse.entitlements.postgres_announcements import PostgresAnnouncements
from meterhouse.platform import clock
from meterhouse.platform.namespaces import all_namespaces
from meterhouse.platform.postgres import Database, PostgresSettings, begins
from meterhouse.platform.task import task

database = Database(PostgresSettings.from_environment)
list_batches = ListGrantBatches(
    begins(database, PostgresAnnouncements), lambda: all_namespaces(database), now=clock.now
)


@task
def handler(_event: dict[str, Any]) -> dict[str, Any]:
    """{"batches": [{"namespace", "after", "until", "afterGrantId", "upToGrantId"}]}."""
    return {"batches": [batch.document() for batch in list_batches()]}
