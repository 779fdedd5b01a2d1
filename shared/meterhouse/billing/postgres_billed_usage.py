"""What was billed of usage, in PostgreSQL."""

from collections.abc import Collection
from datetime import datetime, timedelta

from meterhouse.billing.late_lines import MARGIN, Billed
from meterhouse.billing.rows import line_of
from meterhouse.platform.postgres_transaction import Transaction
from meterhouse.platform.shared_parts import SharedParts
from meterhouse.platform.sql import queries

_SQL = queries("meterhouse.billing", "late_usage.sql")
_ISSUED_WITHIN, _DRAFTED_WITHIN = timedelta(days=2), timedelta(days=40)


class PostgresBilledUsage:
    """`meterhouse.billing.ports.BilledUsage`."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def to_compare(self, customer_ids: Collection[str], now: datetime) -> dict[str, datetime]:
        since = {"issued_after": now - _ISSUED_WITHIN, "drafted_after": now - _DRAFTED_WITHIN}
        wanted = {"customer_ids": list(customer_ids), "now": now, "margin": MARGIN, **since}
        rows = self._transaction.fetch_all(_SQL["customers_to_compare"], wanted)
        return {row["customer_id"]: row["since"] for row in rows}

    def of(self, customer_ids: Collection[str], after: datetime) -> list[Billed]:
        wanted = {"customer_ids": list(customer_ids), "after": after}
        rows, parts = self._transaction.fetch_all(_SQL["billed_usage"], wanted), SharedParts()
        return [
            Billed(
                line_of(row, parts),
                is_billed=row["is_billed"],
                is_given_up=row["is_given_up"],
                is_owed=row["owed_since"] is not None,
                read_at=row["read_at"],
                read_of=tuple(row["read_of"]),
            )
            for row in rows
        ]

    def compared(self, line_ids: Collection[str], at: datetime) -> None:
        self._transaction.execute(_SQL["note_compared"], {"ids": list(line_ids), "at": at})

    def owe(self, line_ids: Collection[str], at: datetime) -> None:
        if line_ids:
            self._transaction.execute(_SQL["note_owed"], {"ids": list(line_ids), "at": at})
