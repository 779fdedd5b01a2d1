"""Books that are audited after their owner broke what nobody else can."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from meterhouse.billing.audit_books import AuditBooks, Audited
from meterhouse.billing.postgres_audit import PostgresAudit
from meterhouse.platform.postgres import begins
from meterhouse.platform.postgres_transaction import Row

if TYPE_CHECKING:
    from tests.integration.billing.conftest import Run

Break = Callable[[str], None]
FIRST_LINE = "(SELECT min(id) FROM invoice_lines WHERE namespace = %(namespace)s AND NOT is_pending)"
FIRST_INVOICE = "(SELECT min(id) FROM invoices WHERE namespace = %(namespace)s AND state = 'paid')"


def audited(books: "Run", **given: int) -> Audited:
    audit = AuditBooks(begins(books.database, PostgresAudit), lambda: [books.namespace], lambda: books.now, **given)
    return audit()


def findings(books: "Run") -> list[Row]:
    return books.rows("SELECT * FROM audit_findings WHERE namespace = %(namespace)s ORDER BY kind, subject_id")


def kinds(books: "Run") -> list[str]:
    return [row["kind"] for row in findings(books) if row["resolved_at"] is None]
