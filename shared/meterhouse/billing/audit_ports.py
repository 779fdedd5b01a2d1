"""What the audit of the books needs inside one transaction."""

from collections.abc import Collection, Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple, Protocol

from meterhouse.billing.findings import Findings
from meterhouse.billing.invoice import Invoice
from meterhouse.billing.ports import BillingStore
from meterhouse.billing.state import InvoiceState
from meterhouse.ledger.audit import Finding


class Named(NamedTuple):
    """An invoice, and whose it is: they are audited in this order."""

    customer_id: str
    invoice_id: str


class InvoiceAudit(Protocol):
    def count_standing(self, customer_ids: Collection[str], states: Collection[InvoiceState], before: datetime) -> int:
        """How many of the customers' invoices are in one of the states since before then."""

    def charged_twice(self, customer_ids: Collection[str]) -> Iterator[Finding]: ...

    def overages_missing(self, customer_ids: Collection[str]) -> Iterator[Finding]:
        """Lines in units of which credit left something else than what is charged in money."""

    def settled_apart(self, customer_ids: Collection[str]) -> Iterator[Finding]:
        """Full periods that credit alone settles, of which it burnt something else than they come to."""

    def booked_apart(self, customer_ids: Collection[str]) -> Iterator[Finding]:
        """Transactions of the customers for invoices that are not theirs."""

    def named_after(self, customer_ids: Collection[str], after: Named, limit: int) -> list[Named]:
        """At most `limit` standard invoices of the customers that follow `after`, in order."""

    def by_ids(self, invoice_ids: Collection[str]) -> list[Invoice]:
        """With their lines, in order."""


class BookAudit(Protocol):
    def findings(self, customer_ids: Collection[str]) -> Iterator[Finding]: ...

    def invoiced(self, invoice_ids: Collection[str]) -> Mapping[str, Decimal]:
        """What each invoice was booked to be paid."""

    def standing(
        self, invoice_ids: Collection[str], customer_ids: Collection[str]
    ) -> Mapping[str, Mapping[tuple[str, str], Decimal]]:
        """By invoice of these customers, what its transactions and its notes' come to, as `billing.books` has it."""


class AuditStore(BillingStore, Protocol):
    @property
    def findings(self) -> Findings: ...
    @property
    def invoice_audit(self) -> InvoiceAudit: ...
    @property
    def book_audit(self) -> BookAudit: ...
