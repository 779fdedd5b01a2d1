"""Whose credit has expired, in batches."""

from typing import Any

from meterhouse.ledger.list_expired_credits import ListExpiredCredits
from meterhouse.ledger.postgres import PostgresLedgerStore
from meterhouse.platform import clock
from meterhouse.platform.namespaces import all_namespaces
from meterhouse.platform.postgres import Database, PostgresSettings, begins
from meterhouse.platform.task import task

database = Database(PostgresSettings.from_environment)
list_batches = ListExpiredCredits(
    begins(database, PostgresLedgerStore), lambda: all_namespaces(database), now=clock.now
)


@task
def handler(_event: dict[str, Any]) -> dict[str, Any]:
    """{"batches": [{"namespace", "until", "afterCustomerId", "upToCustomerId"}]}."""
    return {"batches": [batch.document() for batch in list_batches()]}
