"""Books what is left of expired credit as breakage, at the instant it expired."""

from typing import Any

from meterhouse.ledger.expire_credits import ExpireCredits
from meterhouse.ledger.list_expired_credits import expiry_batch_of
from meterhouse.ledger.postgres import PostgresLedgerStore
from meterhouse.platform.postgres import Database, PostgresSettings, begins
from meterhouse.platform.task import task

database = Database(PostgresSettings.from_environment)
expire = ExpireCredits(begins(database, PostgresLedgerStore))


@task
def handler(event: dict[str, Any]) -> dict[str, Any]:
    """{"batch"} -> {"expired": how many grants nobody had booked}."""
    return {"expired": expire(expiry_batch_of(event.get("batch") or {}))}
