"""What the payments room asks of billing, answered from PostgreSQL."""

from meterhouse.platform.postgres_transaction import Transaction
from meterhouse.platform.sql import queries

_SQL = queries("meterhouse.billing", "apps.sql")


class PostgresAppUse:
    """`meterhouse.payments.ports.AppUse`."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def is_used(self, app_id: str) -> bool:
        return self._transaction.fetch_one(_SQL["uses_of_app"], {"app_id": app_id}) is not None

    def has_default(self) -> bool:
        return self._transaction.fetch_one(_SQL["has_default"]) is not None
