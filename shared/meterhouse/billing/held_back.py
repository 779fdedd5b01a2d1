"""What automatic credit notes held back for a note by hand goes back once that stands no more."""

from datetime import datetime

from meterhouse.billing.credit_note import CreditNote
from meterhouse.billing.give_back import give_back_told
from meterhouse.billing.give_back_usage import give_back_booked
from meterhouse.billing.invoice import Invoice
from meterhouse.billing.ports import BillingStore
from meterhouse.billing.state import InvoiceState
from meterhouse.platform.work import Work


def give_back_held(work: Work[BillingStore], invoice: Invoice, note: CreditNote, now: datetime) -> None:
    """Give back what the note, voided or failed by now, held back of its locked customer's invoice.

    Of one that is not paid runs give nothing back, so nothing was held back.
    """
    if invoice.state is InvoiceState.PAID:
        give_back_told(work, invoice, now)
        give_back_booked(work, invoice, f"{note.id}/{note.attempt}", now)
