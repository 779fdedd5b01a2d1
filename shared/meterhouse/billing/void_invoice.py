"""Taking back an issued invoice, whoever asks for it."""

from datetime import datetime

from meterhouse.billing.drive import Driven
from meterhouse.billing.invoice import Invoice
from meterhouse.billing.ports import BillingStore
from meterhouse.billing.reconcile import differences_on
from meterhouse.billing.state import Trigger
from meterhouse.billing.void import Voiding, reopened
from meterhouse.kernel.errors import Conflict, InvalidInput, Problem
from meterhouse.platform.work import Work


def void_invoice(work: Work[BillingStore], invoice: Invoice, voiding: Voiding, at: datetime) -> Driven:
    """The voided invoice, not saved; its lines that are to be billed again are pending.

    Raises:
        InvalidInput: `voiding` names others' lines.
        Conflict: the invoice cannot be voided; `difference_charged`: a line would be billed again that another was
            charged the difference to; `credit_notes_exist`: a part of it was taken back.
    """
    driven = Driven(invoice).must_fire(Trigger.VOID, at, voiding.reason)
    own = {line.id for line in invoice.lines}
    problems = [
        Problem(f"/overrides/{number}/lineId", "unknown_line", "the invoice has no such line")
        for number, line_id in enumerate(voiding.overrides)
        if line_id not in own
    ]
    if problems:
        raise InvalidInput("lines of other invoices are not voided here", problems)
    if invoice.credited.total:
        raise Conflict("credit notes took back a part of it: void them first", "credit_notes_exist")
    _refuse_differences(work, invoice, voiding, at)
    closed, again = reopened(invoice, voiding, at)
    work.store.lines.update(closed)
    work.store.lines.add(again)
    return driven


def _refuse_differences(work: Work[BillingStore], invoice: Invoice, voiding: Voiding, at: datetime) -> None:
    """What is billed again is billed for less time; what was charged as a difference to it would stay one."""
    keys = {line.key for line in invoice.lines if voiding.of(line) is not None}
    agreed = work.store.subscriptions.of_customer(invoice.customer_id)
    known = work.store.lines.known_of([one.id for one in agreed])
    charged = differences_on(keys, agreed, known, at)
    if charged:
        message = f"{', '.join(charged)} charged the difference to lines of it: void the invoices of these first"
        raise Conflict(message, "difference_charged")
