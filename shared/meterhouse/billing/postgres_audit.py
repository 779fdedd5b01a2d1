"""Invoices as an auditor reads them in PostgreSQL."""

from collections.abc import Collection, Iterator
from datetime import datetime

from meterhouse.billing.audit import settled_finding
from meterhouse.billing.audit_ports import Named
from meterhouse.billing.invoice import Invoice
from meterhouse.billing.postgres import PostgresBilling, PostgresInvoices
from meterhouse.billing.state import InvoiceState
from meterhouse.ledger.audit import Finding
from meterhouse.ledger.postgres_audit import PostgresBookAudit
from meterhouse.platform.postgres_transaction import Transaction
from meterhouse.platform.sql import queries

_SQL = queries("meterhouse.billing", "audit.sql")


class PostgresInvoiceAudit:
    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction
        self._invoices = PostgresInvoices(transaction)

    def count_standing(self, customer_ids: Collection[str], states: Collection[InvoiceState], before: datetime) -> int:
        wanted = {"customer_ids": list(customer_ids), "states": list(states), "before": before}
        row = self._transaction.fetch_one(_SQL["count_standing"], wanted)
        return row["count"] if row else 0

    def charged_twice(self, customer_ids: Collection[str]) -> Iterator[Finding]:
        for row in self._transaction.fetch_all(_SQL["charged_twice"], {"customer_ids": list(customer_ids)}):
            detail = f"{row['key']} is charged by more than one live line"
            yield Finding("line_charged_twice", row["id"], row["customer_id"], detail, row["invoice_id"])

    def overages_missing(self, customer_ids: Collection[str]) -> Iterator[Finding]:
        for row in self._transaction.fetch_all(_SQL["overages_missing"], {"customer_ids": list(customer_ids)}):
            detail = (
                f"credit left {row['units']:f} {row['currency']} of {row['key']}, and {row['charged'] or 0} are charged"
            )
            yield Finding("overage_missing", row["id"], row["customer_id"], detail)

    def settled_apart(self, customer_ids: Collection[str]) -> Iterator[Finding]:
        for row in self._transaction.fetch_all(_SQL["settled_apart"], {"customer_ids": list(customer_ids)}):
            yield settled_finding(row["id"], row["customer_id"], row["key"], row["charged"], row["borne"])

    def booked_apart(self, customer_ids: Collection[str]) -> Iterator[Finding]:
        for row in self._transaction.fetch_all(_SQL["booked_apart"], {"customer_ids": list(customer_ids)}):
            detail = f"{row['key']} is booked for the invoice {row['invoice']}, which is not the customer's"
            yield Finding("booked_for_another", row["id"], row["customer_id"], detail)

    def named_after(self, customer_ids: Collection[str], after: Named, limit: int) -> list[Named]:
        wanted = {"after_customer": after.customer_id, "after_invoice": after.invoice_id, "limit": limit}
        rows = self._transaction.fetch_all(_SQL["named_after"], wanted | {"customer_ids": list(customer_ids)})
        return [Named(row["customer_id"], row["id"]) for row in rows]

    def by_ids(self, invoice_ids: Collection[str]) -> list[Invoice]:
        rows = self._transaction.fetch_all(_SQL["invoices_by_ids"], {"ids": list(invoice_ids)})
        return self._invoices.with_lines(rows)


class PostgresAudit(PostgresBilling):
    """`meterhouse.billing.audit_ports.AuditStore`."""

    def __init__(self, transaction: Transaction) -> None:
        super().__init__(transaction)
        self.invoice_audit = PostgresInvoiceAudit(transaction)
        self.book_audit = PostgresBookAudit(transaction)
