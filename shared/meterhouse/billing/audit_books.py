"""The nightly audit of the books: every live customer in every namespace, page by page; what is wrong is parked."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import dropwhile
from typing import Any, NamedTuple

from meterhouse.billing.audit_customers import AuditCustomers
from meterhouse.billing.audit_invoices import INVOICES, AuditInvoices
from meterhouse.billing.audit_ports import AuditStore, Named
from meterhouse.billing.batch import Batch
from meterhouse.billing.list_customer_batches import Place, place_of
from meterhouse.billing.state import IN_PASSING
from meterhouse.platform import clock
from meterhouse.platform.work import Begin

CUSTOMERS = 50
PATIENCE = timedelta(minutes=4)
STUCK_AFTER = timedelta(days=2)
"""Two daily runs have looked at it by then, and every retry of an app."""
_BEFORE_ALL = Named("", "")


@dataclass(frozen=True, slots=True)
class Reached:
    """How far an audit came: up to this customer; where there is an `invoice_id`, of the customer up to that."""

    place: Place
    invoice_id: str | None = None

    def document(self) -> dict[str, str]:
        """The `after` of a workflow task's input."""
        return self.place.document() | ({} if self.invoice_id is None else {"invoiceId": self.invoice_id})


def reached_of(document: Mapping[str, Any] | None) -> Reached | None:
    """What `Reached.document` wrote; None: nowhere yet.

    Raises:
        InvalidInput: it is none.
    """
    place = place_of(document)
    return None if document is None or place is None else Reached(place, document.get("invoiceId"))


@dataclass(frozen=True, slots=True)
class Audited:
    """How many customers were done with, what is open of them, and where to go on; None: all were.

    Attributes:
        of_ledger: of what is `open`, how much is in the books themselves.
        stuck: invoices of theirs that a run or a retry should have moved long ago.
    """

    customers: int
    open: int
    after: Reached | None
    of_ledger: int = 0
    stuck: int = 0

    def metrics(self) -> dict[str, int]:
        """What CloudWatch is told."""
        return {
            "CustomersAudited": self.customers,
            "FindingsOpen": self.open,
            "LedgerFindingsOpen": self.of_ledger,
            "InvoicesStuck": self.stuck,
        }

    def document(self) -> dict[str, Any]:
        """The answer of a workflow task."""
        return {"customers": self.customers, "open": self.open, "after": self.after and self.after.document()}


class _Tally(NamedTuple):
    open: int
    of_ledger: int
    stuck: int

    def with_(self, other: "_Tally") -> "_Tally":
        return _Tally(*(one + more for one, more in zip(self, other, strict=True)))

    def audited(self, customers: int, after: Reached | None) -> Audited:
        return Audited(customers, self.open, after, self.of_ledger, self.stuck)


class AuditBooks:
    def __init__(
        self,
        begin: Begin[AuditStore],
        namespaces: Callable[[], Sequence[str]],
        now: Callable[[], datetime] = clock.now,
        size: int = CUSTOMERS,
        invoices: int = INVOICES,
    ) -> None:
        self._begin = begin
        self._namespaces = namespaces
        self._now = now
        self._size = size
        self._customers = AuditCustomers(begin, now)
        self._invoices = AuditInvoices(begin, now, invoices)

    def __call__(self, after: Reached | None = None, patience: timedelta = PATIENCE) -> Audited:
        """Audit from `after` on until nobody is left or the patience is over; a repeat finds the same.

        Raises:
            Unavailable: the database does not answer.
        """
        until = self._now() + patience
        customers, tally = 0, _Tally(0, 0, 0)
        for batch, begun in self._batches(after):
            if begun is None:
                self._customers(batch)
            last = self._invoices(batch.namespace, batch.ids, begun or _BEFORE_ALL, until)
            done = batch.ids if last is None else batch.ids[: batch.ids.index(last.customer_id)]
            customers += len(done)
            tally = tally.with_(self._tally(batch.namespace, done))
            if last is not None:
                return tally.audited(customers, Reached(Place(batch.namespace, last.customer_id), last.invoice_id))
            if self._now() >= until:
                return tally.audited(customers, Reached(Place(batch.namespace, batch.up_to)))
        return tally.audited(customers, None)

    def _batches(self, start: Reached | None) -> Iterator[tuple[Batch, Named | None]]:
        """With each the invoice after which it goes on; None: it is to be begun."""
        place = None if start is None else start.place
        if start and start.invoice_id is not None:
            only = start.place.customer_id
            yield Batch(start.place.namespace, only, [only]), Named(only, start.invoice_id)
        for namespace in dropwhile(lambda one: place is not None and one != place.namespace, self._namespaces()):
            after = place.customer_id if place is not None and place.namespace == namespace else ""
            while ids := self._ids(namespace, after):
                yield Batch(namespace, after, ids), None
                after = ids[-1]

    def _ids(self, namespace: str, after: str) -> Sequence[str]:
        with self._begin(namespace) as work:
            return work.store.customers.ids_after(after, self._size)

    def _tally(self, namespace: str, customer_ids: Sequence[str]) -> _Tally:
        with self._begin(namespace) as work:
            store, before = work.store, self._now() - STUCK_AFTER
            stuck = store.invoice_audit.count_standing(customer_ids, IN_PASSING, before)
            return _Tally(*store.findings.count_open(customer_ids), stuck)
