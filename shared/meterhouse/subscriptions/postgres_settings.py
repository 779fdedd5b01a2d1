"""What a namespace has settled about subscriptions, in PostgreSQL."""

from datetime import datetime

from meterhouse.platform.postgres_transaction import Transaction
from meterhouse.platform.sql import queries

_SQL = queries("meterhouse.subscriptions", "settings.sql")


class PostgresSubscriptionSettings:
    """`ports.SubscriptionSettings`; a namespace that has settled nothing allows one at a time."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def allows_several(self) -> bool:
        row = self._transaction.fetch_one(_SQL["allows_several"])
        return row is not None and bool(row["allows_several"])

    def allow_several(self, at: datetime, *, is_allowed: bool) -> bool:
        wanted = {"at": at, "is_allowed": is_allowed}
        self._transaction.execute(_SQL["settle"], wanted)
        if not is_allowed and self._transaction.fetch_one(_SQL["crowded"], wanted):
            return False
        self._transaction.execute(_SQL["set_alone"], wanted)
        return True
