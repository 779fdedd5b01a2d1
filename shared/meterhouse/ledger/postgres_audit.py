"""The books as an auditor reads them in PostgreSQL."""

from collections.abc import Collection, Iterator, Mapping
from decimal import Decimal

from meterhouse.ledger.audit import Finding, advance_findings, grant_findings
from meterhouse.ledger.postgres import PostgresLedger
from meterhouse.ledger.transaction import NOTHING
from meterhouse.platform.postgres_transaction import Row, Transaction
from meterhouse.platform.sql import queries

_SQL = queries("meterhouse.ledger", "audit.sql")


class PostgresBookAudit:
    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction
        self._ledger = PostgresLedger(transaction)

    def findings(self, customer_ids: Collection[str]) -> Iterator[Finding]:
        """What is wrong with transactions, grants and advances of these customers, who are locked."""
        wanted = {"customer_ids": list(customer_ids)}
        for row in self._transaction.fetch_all(_SQL["unbalanced"], wanted):
            yield Finding("transaction_unbalanced", row["id"], row["customer_id"], _told(row))
        rows = self._transaction.fetch_all(_SQL["standings"], wanted)
        standings = {row["grant_id"]: row["standing"] for row in rows}
        for (customer_id, _), holding in self._ledger.holdings(customer_ids).items():
            for position in holding.positions:
                yield from grant_findings(position, standings.get(position.grant.id, NOTHING))
            for advance in holding.advances:
                yield from advance_findings(customer_id, advance)

    def invoiced(self, invoice_ids: Collection[str]) -> Mapping[str, Decimal]:
        """What each invoice was booked to be paid; those that nothing was booked of are left out."""
        rows = self._transaction.fetch_all(_SQL["invoiced"], {"invoice_ids": list(invoice_ids)})
        return {row["invoice"]: row["amount"] for row in rows}

    def standing(
        self, invoice_ids: Collection[str], customer_ids: Collection[str]
    ) -> Mapping[str, Mapping[tuple[str, str], Decimal]]:
        """By invoice of these customers, what its transactions come to by currency and account, or payment."""
        found: dict[str, dict[tuple[str, str], Decimal]] = {}
        wanted = {"invoice_ids": list(invoice_ids), "customer_ids": list(customer_ids)}
        for row in self._transaction.fetch_all(_SQL["standing_of_invoices"], wanted):
            found.setdefault(row["invoice"], {})[row["currency"], row["place"]] = row["amount"]
        return found


def _told(row: Row) -> str:
    faults = (
        f"{row['found']} of {row['entries']} entries" if row["found"] != row["entries"] else "",
        f"{row['strange']} entries of another customer, kind or instant" if row["strange"] else "",
        f"sums to {row['totals']}" if row["totals"] else "",
    )
    return f"{row['key']}: {'; '.join(filter(None, faults))}"
