"""The audit of invoices: read together with their books, a page at a time; rated again when nobody waits for it."""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from meterhouse.billing.audit import Evidence, invoice_findings, unread_invoice
from meterhouse.billing.audit_ports import AuditStore, Named
from meterhouse.billing.credits import possible_charges
from meterhouse.billing.invoice import Invoice
from meterhouse.kernel.errors import Unavailable
from meterhouse.ledger.audit import Finding
from meterhouse.ledger.charging import borne_by_credit
from meterhouse.platform.logging import logger
from meterhouse.platform.work import Begin

if TYPE_CHECKING:
    from meterhouse.billing.credit_note import CreditNote

INVOICES = 50
Read = Mapping[str, Evidence | str]
"""By id of an invoice what is there to judge it by, or why it cannot be read."""


class AuditInvoices:
    def __init__(self, begin: Begin[AuditStore], now: Callable[[], datetime], size: int = INVOICES) -> None:
        self._begin = begin
        self._now = now
        self._size = size

    def __call__(self, namespace: str, customer_ids: Collection[str], after: Named, until: datetime) -> Named | None:
        """Park what is wrong with the invoices that follow `after`, until the time is up, but of one at least.

        Gives the last one that was looked at; None: all were.

        Raises:
            Unavailable: the database does not answer.
        """
        while page := self._page(namespace, customer_ids, after):
            after = self._audit(namespace, page, until)
            if self._now() >= until:
                return after
        return None

    def _page(self, namespace: str, customer_ids: Collection[str], after: Named) -> list[Named]:
        with self._begin(namespace) as work:
            return work.store.invoice_audit.named_after(customer_ids, after, self._size)

    def _audit(self, namespace: str, page: Sequence[Named], until: datetime) -> Named:
        read, judged, found, last = self._read(namespace, page), list[str](), list[Finding](), page[-1]
        for named in page:
            findings = _judged(read[named.invoice_id])
            if isinstance(findings, str):
                found.append(unread_invoice(*named, findings))
            else:
                found += findings
                judged.append(named.invoice_id)
            if self._now() >= until:
                last = named
                break
        with self._begin(namespace) as work:
            work.store.findings.write_of_invoices(judged, found, self._now())
            work.commit()
        return last

    def _read(self, namespace: str, page: Sequence[Named]) -> Read:
        """Where something cannot be read, one by one: what is wrong with an invoice is its own."""
        try:
            return self._evidence(namespace, page)
        except Unavailable:
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, it must not stop the audit of the others
            if len(page) > 1:
                return {found: it for named in page for found, it in self._read(namespace, [named]).items()}
            return {page[0].invoice_id: _reason(error, page[0].invoice_id)}

    def _evidence(self, namespace: str, page: Sequence[Named]) -> Mapping[str, Evidence]:
        """Read while nobody else works on the customers, so that it belongs together."""
        owners, ids = {one.customer_id for one in page}, [one.invoice_id for one in page]
        with self._begin(namespace) as work:
            store = work.store
            store.invoices.lock_customers(owners)
            invoices = store.invoice_audit.by_ids(ids)
            holders = store.credit.grants.holders(owners)
            charges = [key for one in invoices for key in _charges(one, is_holder=one.customer_id in holders)]
            borne = borne_by_credit(store.credit, charges)
            unearned = store.credit.ledger.accrued(charges).keys() if charges else ()
            invoiced, booked = store.book_audit.invoiced(ids), store.book_audit.standing(ids, owners)
            notes: dict[str, list[CreditNote]] = {}
            for note in store.credit_notes.of_invoices(ids):
                notes.setdefault(note.invoice_id, []).append(note)
        return {
            one.id: Evidence(one, invoiced.get(one.id), borne, notes.get(one.id, ()), booked.get(one.id, {}), unearned)
            for one in invoices
        }


def _charges(invoice: Invoice, *, is_holder: bool) -> Collection[str]:
    """Whoever was never granted credit can have burnt none, whatever the lines say."""
    charges = {one.charge for line in invoice.lines for one in line.credits}
    return charges.union(*(possible_charges(line, invoice.step) for line in invoice.lines)) if is_holder else charges


def _judged(evidence: Evidence | str) -> list[Finding] | str:
    """What is wrong with an invoice, or why that cannot be said."""
    if isinstance(evidence, str):
        return evidence
    try:
        return list(invoice_findings(evidence))
    except Exception as error:  # noqa: BLE001 - as above
        return _reason(error, evidence.invoice.id)


def _reason(error: Exception, invoice_id: str) -> str:
    logger.exception("invoice cannot be audited", extra={"invoice": invoice_id})
    return f"{type(error).__name__}: {error}"
