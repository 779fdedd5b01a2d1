"""Entitlements that are due to be evaluated, in PostgreSQL."""

from datetime import datetime

from meterhouse.platform.postgres_transaction import Transaction
from meterhouse.platform.sql import queries

_SQL = queries("meterhouse.entitlements", "evaluations.sql")


class PostgresDueEntitlements:
    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def take_due(self, at: datetime, again_at: datetime, limit: int) -> list[str]:
        wanted = {"at": at, "again_at": again_at, "limit": limit}
        return [row["entitlement_id"] for row in self._transaction.fetch_all(_SQL["take_due"], wanted)]
