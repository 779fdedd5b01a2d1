"""Deletes notifications that were told long ago, and lines of the audit log after their years, every day."""

from typing import Any

from meterhouse.notifications.forget import ForgetNotifications
from meterhouse.notifications.postgres import PostgresNotificationEvents
from meterhouse.platform import clock
from meterhouse.platform.audit_retention import ForgetAudit
from meterhouse.platform.namespaces import all_namespaces
from meterhouse.platform.postgres import Database, PostgresSettings, begins
from meterhouse.platform.task import task

database = Database(PostgresSettings.from_environment)
forget = ForgetNotifications(
    begins(database, PostgresNotificationEvents), lambda: all_namespaces(database), now=clock.now
)
forget_audit = ForgetAudit(database)


@task
def handler(_event: dict[str, Any]) -> dict[str, Any]:
    """{"forgotten": how many notifications, "auditForgotten": how many lines}."""
    return {"forgotten": forget(), "auditForgotten": forget_audit()}
