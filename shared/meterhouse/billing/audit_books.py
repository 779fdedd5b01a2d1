"""The nightly audit of the books: every live customer in every namespace, page by page; what is wrong is parked."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import dropwhile
from typing import Any, Protocol

from meterhouse.billing.audit import invoice_findings, uncollected_finding, unmade_finding
from meterhouse.billing.collection import aligned
from meterhouse.billing.findings import Findings
from meterhouse.billing.invoice import Invoice
from meterhouse.billing.list_customer_batches import Place
from meterhouse.billing.overrides import profiles_of
from meterhouse.billing.ports import BillingStore
from meterhouse.billing.reconcile import unbilled
from meterhouse.ledger.audit import Finding
from meterhouse.platform import clock
from meterhouse.platform.work import Begin, Work

CUSTOMERS = 200
INVOICES = 200
ALLOWANCE = timedelta(days=1)
"""What has been due, and agreed on, for longer, some run has seen: they are hourly unless it is set otherwise."""
PATIENCE = timedelta(minutes=4)


class InvoiceAudit(Protocol):
    def charged_twice(self, customer_ids: Collection[str]) -> Iterator[Finding]: ...

    def rated(self, customer_ids: Collection[str], after: str, limit: int) -> list[Invoice]:
        """At most `limit` invoices of the customers, whose usage was read, that follow `after`, by id."""


class BookAudit(Protocol):
    def findings(self, customer_ids: Collection[str]) -> Iterator[Finding]: ...

    def invoiced(self, invoice_ids: Collection[str]) -> Mapping[str, Decimal]:
        """What each invoice was booked to be paid."""


class AuditStore(BillingStore, Protocol):
    @property
    def findings(self) -> Findings: ...
    @property
    def rated_invoices(self) -> InvoiceAudit: ...
    @property
    def book_audit(self) -> BookAudit: ...


@dataclass(frozen=True, slots=True)
class Audited:
    """How many customers were looked at, what is open of them, and where to go on; None: all were."""

    customers: int
    open: int
    after: Place | None

    def metrics(self) -> dict[str, int]:
        """What CloudWatch is told."""
        return {"CustomersAudited": self.customers, "FindingsOpen": self.open}

    def document(self) -> dict[str, Any]:
        """The answer of a workflow task."""
        return {"customers": self.customers, "open": self.open, "after": self.after and self.after.document()}


class AuditBooks:
    def __init__(
        self,
        begin: Begin[AuditStore],
        namespaces: Callable[[], Sequence[str]],
        now: Callable[[], datetime] = clock.now,
        size: int = CUSTOMERS,
    ) -> None:
        self._begin = begin
        self._namespaces = namespaces
        self._now = now
        self._size = size

    def __call__(self, after: Place | None = None, patience: timedelta = PATIENCE) -> Audited:
        """Audit from `after` on until nobody is left or the patience is over; a repeat finds the same."""
        until = self._now() + patience
        customers = found = 0
        for place, ids in self._pages(after):
            customers += len(ids)
            found += self._audit(place, ids)
            if self._now() >= until:
                return Audited(customers, found, Place(place.namespace, ids[-1]))
        return Audited(customers, found, None)

    def _pages(self, start: Place | None) -> Iterator[tuple[Place, Sequence[str]]]:
        for namespace in dropwhile(lambda one: start is not None and one != start.namespace, self._namespaces()):
            after = start.customer_id if start is not None and start.namespace == namespace else ""
            while ids := self._ids(namespace, after):
                yield Place(namespace, after), ids
                after = ids[-1]

    def _ids(self, namespace: str, after: str) -> Sequence[str]:
        with self._begin(namespace) as work:
            return work.store.customers.ids_after(after, self._size)

    def _audit(self, place: Place, ids: Sequence[str]) -> int:
        """Nobody else works on the customers meanwhile, so that all that is read belongs together."""
        now = self._now()
        with self._begin(place.namespace) as work:
            work.store.invoices.lock_customers(ids)
            found = [
                *work.store.book_audit.findings(ids),
                *work.store.rated_invoices.charged_twice(ids),
                *_unmade(work.store, place, ids, now - ALLOWANCE),
                *_uncollected(work, place.namespace, ids, now),
                *_of_invoices(work.store, ids),
            ]
            still_open = work.store.findings.write(ids, found, now)
            work.commit()
        return still_open


def _unmade(store: AuditStore, place: Place, ids: Sequence[str], at: datetime) -> Iterator[Finding]:
    held = set(ids)
    found = [one for one in store.subscriptions.billable(place.customer_id, ids[-1]) if one.customer_id in held]
    agreed = {one.id: one for one in found if one.updated_at <= at}
    for target in unbilled(agreed.values(), store.lines.known_of(list(agreed)), at):
        yield unmade_finding(agreed[target.subscription_id].customer_id, target)


def _uncollected(work: Work[AuditStore], namespace: str, ids: Sequence[str], now: datetime) -> Iterator[Finding]:
    at = now - ALLOWANCE
    due = [line for line in work.store.lines.due(ids, at) if line.updated_at <= at]
    profiles = profiles_of(work, namespace, {line.customer_id for line in due}, now)
    return map(uncollected_finding, aligned(due, profiles, at))


def _of_invoices(store: AuditStore, ids: Collection[str]) -> Iterator[Finding]:
    after = ""
    while invoices := store.rated_invoices.rated(ids, after, INVOICES):
        booked = store.book_audit.invoiced([one.id for one in invoices])
        for invoice in invoices:
            yield from invoice_findings(invoice, booked)
        after = invoices[-1].id
