"""Audits the books of all customers, some minutes of it at a time, and tells CloudWatch what is open."""

from typing import Any

from meterhouse.billing.audit_books import AuditBooks, reached_of
from meterhouse.billing.postgres_audit import PostgresAudit
from meterhouse.platform.logging import counts
from meterhouse.platform.namespaces import all_namespaces
from meterhouse.platform.postgres import Database, PostgresSettings, begins
from meterhouse.platform.task import task

database = Database(PostgresSettings.from_environment)
audit = AuditBooks(begins(database, PostgresAudit), lambda: all_namespaces(database))


@task
def handler(event: dict[str, Any]) -> dict[str, Any]:
    """{"after"} -> {"customers", "open", "after"}: how many were looked at, what is wrong with them, where to go on."""
    audited = audit(reached_of(event.get("after")))
    counts(audited.metrics())
    return audited.document()
