"""Domain events of invoices. Their ids are derived: a step that is decided again is the same event."""

from collections.abc import Mapping
from datetime import datetime

from meterhouse.billing.credit_note import CreditNote
from meterhouse.billing.drive import Driven
from meterhouse.billing.invoice import Invoice
from meterhouse.billing.state import InvoiceState
from meterhouse.kernel.ids import derived_ulid
from meterhouse.platform.outbox import DomainEvent

MILESTONES = {
    InvoiceState.DRAFT_MANUAL_APPROVAL_NEEDED: "invoice.approval_needed",
    InvoiceState.DRAFT_INVALID: "invoice.failed",
    InvoiceState.DRAFT_SYNC_FAILED: "invoice.failed",
    InvoiceState.ISSUING_LINE_FINALIZATION_FAILED: "invoice.failed",
    InvoiceState.ISSUING_FAILED: "invoice.failed",
    InvoiceState.ISSUING_CHARGE_BOOKING_FAILED: "invoice.failed",
    InvoiceState.DELETE_FAILED: "invoice.failed",
    InvoiceState.ISSUED: "invoice.issued",
    InvoiceState.PAYMENT_AUTHORIZED: "invoice.payment_authorized",
    InvoiceState.BOOKING_AUTHORIZED_FAILED: "invoice.failed",
    InvoiceState.BOOKING_AUTHORIZED_AND_SETTLED_FAILED: "invoice.failed",
    InvoiceState.BOOKING_SETTLED_FAILED: "invoice.failed",
    InvoiceState.PAYMENT_FAILED: "invoice.payment_failed",
    InvoiceState.PAYMENT_ACTION_REQUIRED: "invoice.payment_action_required",
    InvoiceState.UNCOLLECTIBLE: "invoice.uncollectible",
    InvoiceState.OVERDUE: "invoice.overdue",
    InvoiceState.PAID: "invoice.paid",
    InvoiceState.VOIDED: "invoice.voided",
    InvoiceState.DELETED: "invoice.deleted",
}


def created_event(invoice: Invoice) -> DomainEvent:
    """A standard invoice was made."""
    return _event(invoice, _data(invoice), "invoice.created", 0, invoice.created_at)


def step_events(driven: Driven) -> list[DomainEvent]:
    """One event for each milestone passed, and `invoice.updated` where a change passed none."""
    steps = [(step, MILESTONES[step.target]) for step in driven.transitions if step.target in MILESTONES]
    if driven.transitions and not steps:
        steps = [(driven.transitions[-1], "invoice.updated")]
    data = _data(driven.invoice)
    return [_event(driven.invoice, data, kind, step.number, step.at) for step, kind in steps]


def note_event(note: CreditNote) -> DomainEvent:
    """A credit note was issued, or voided, or its app is to be told of it, or it failed."""
    at = note.updated_at
    kind = f"credit_note.{note.state.value}"
    data = {
        "creditNoteId": note.id,
        "number": note.number,
        "invoiceId": note.invoice_id,
        "customerId": note.customer_id,
        "currency": note.currency,
        "total": f"{note.total:f}",
        "attempt": note.attempt,
        **({} if note.failure is None else {"failure": note.failure}),
    }
    attempt = () if note.attempt == 1 else (str(note.attempt),)
    return DomainEvent(derived_ulid(at, kind, note.id, *attempt), kind, f"credit_note/{note.id}", at, data)


def _data(invoice: Invoice) -> dict[str, object]:
    return {
        "invoiceId": invoice.id,
        "number": invoice.number,
        "customerId": invoice.customer_id,
        "currency": invoice.currency,
        "total": f"{invoice.totals.total:f}",
        "state": invoice.state.value,
        **({"paymentAttempt": invoice.payment_attempt} if invoice.payment_attempt else {}),
    }


def _event(invoice: Invoice, data: Mapping[str, object], kind: str, step: int, at: datetime) -> DomainEvent:
    event_id = derived_ulid(at, kind, invoice.id, str(step), beside=invoice.customer_id)
    return DomainEvent(event_id, kind, f"invoice/{invoice.id}", at, data)
