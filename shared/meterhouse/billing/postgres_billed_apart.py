"""Customers that are billed apart, in PostgreSQL."""

from collections.abc import Collection
from datetime import datetime

from meterhouse.platform.postgres_transaction import Transaction
from meterhouse.platform.sql import queries

_SQL = queries("meterhouse.billing", "billed_apart.sql")


class PostgresBilledApart:
    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def among(self, customer_ids: Collection[str]) -> set[str]:
        rows = self._transaction.fetch_all(_SQL["among"], {"customer_ids": list(customer_ids)})
        return {row["customer_id"] for row in rows}

    def add(self, customer_id: str, since: datetime) -> None:
        self._transaction.execute(_SQL["add"], {"customer_id": customer_id, "since": since})

    def remove(self, customer_id: str) -> None:
        self._transaction.execute(_SQL["remove"], {"customer_id": customer_id})
