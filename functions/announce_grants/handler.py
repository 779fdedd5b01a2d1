"""Tells of grants that have expired or are issued anew."""

from typing import Any

from meterhouse.entitlements.announce_grants import AnnounceGrants
from meterhouse.entitlements.list_grant_batches import grant_batch_of
from meterhouse.entitlements.postgres_announcements import PostgresAnnouncements
from meterhouse.platform.postgres import Database, PostgresSettings, begins
from meterhouse.platform.task import task

database = Database(PostgresSettings.from_environment)
announce = AnnounceGrants(begins(database, PostgresAnnouncements))


@task
def handler(event: dict[str, Any]) -> dict[str, Any]:
    """{"batch"} -> {"told": how many}; {"outcomes": [{"batch", "complete"}]} -> {"complete"}: all are."""
    if "outcomes" in event:
        return {"complete": announce.finish(event["outcomes"])}
    return {"told": announce(grant_batch_of(event.get("batch") or {}))}
