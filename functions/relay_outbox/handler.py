"""Publishes recorded domain events to EventBridge, every minute."""

from typing import Any

from meterhouse.platform.eventbridge import EventBridge
from meterhouse.platform.logging import count
from meterhouse.platform.postgres import Database, PostgresSettings
from meterhouse.platform.relay import relay_outbox
from meterhouse.platform.settings import required
from meterhouse.platform.task import task

database = Database(PostgresSettings.from_environment)


@task
def handler(_event: dict[str, Any]) -> dict[str, Any]:
    """{"published": how many}."""
    published = relay_outbox(database, EventBridge(required("EVENT_BUS_NAME")))
    count("OutboxEventsPublished", published)
    return {"published": published}
