"""A credit note and its invoice, for whoever changes either."""

from meterhouse.billing.credit_note import CreditNote
from meterhouse.billing.invoice import Invoice
from meterhouse.billing.ports import BillingStore
from meterhouse.billing.service import found_invoice
from meterhouse.kernel.errors import NotFound
from meterhouse.platform.work import Work


def found_note(work: Work[BillingStore], note_id: str) -> CreditNote:
    """The note of this id; raises `NotFound`."""
    note = work.store.credit_notes.find(note_id)
    if note is None:
        raise NotFound("credit note", note_id)
    return note


def locked_invoice(work: Work[BillingStore], invoice_id: str) -> Invoice:
    """The invoice of this id, held against every other step; raises `NotFound`."""
    work.store.invoices.lock_customers([found_invoice(work, invoice_id).customer_id])
    return found_invoice(work, invoice_id)


def locked_note(work: Work[BillingStore], note_id: str) -> tuple[Invoice, CreditNote]:
    """The note of this id and its invoice, both held against every other step; raises `NotFound`."""
    invoice = locked_invoice(work, found_note(work, note_id).invoice_id)
    return invoice, found_note(work, note_id)
