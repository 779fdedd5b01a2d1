"""What became of an invoice, read off Stripe's own copy.

The state alone decides and never the event that made us look: so events may come late, twice and in any order.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from meterhouse.billing.app import Payment
from meterhouse.billing.state import Trigger

if TYPE_CHECKING:
    import stripe


def outcome_of(invoice: stripe.Invoice, at: datetime) -> Payment | None:
    """The payment trigger that Stripe's invoice stands for at `at`; None while nothing is decided."""
    match invoice.status:
        case "paid":
            return Payment(Trigger.PAID)
        case "uncollectible":
            return Payment(Trigger.PAYMENT_UNCOLLECTIBLE, "Stripe marked it uncollectible")
        case "void":
            voided_at = invoice.status_transitions.voided_at
            when = None if voided_at is None else datetime.fromtimestamp(voided_at, UTC)
            return Payment(Trigger.VOID, "it was voided at Stripe", when)
        case "open":
            return _of_open(invoice, at)
        case _:
            return None


def _of_open(invoice: stripe.Invoice, at: datetime) -> Payment | None:
    if invoice.due_date is not None and invoice.due_date < at.timestamp():
        return Payment(Trigger.PAYMENT_OVERDUE, "it was not paid in time")
    intent = payment_intent_of(invoice)
    if intent is None:
        return None
    if intent.status == "requires_action":
        return Payment(Trigger.ACTION_REQUIRED, "the customer has to confirm the payment")
    if intent.status == "requires_payment_method" and invoice.attempted:
        return Payment(Trigger.FAILED, _why(intent))
    return None


def payment_intent_of(invoice: stripe.Invoice) -> stripe.PaymentIntent | None:
    """The intent that collects the invoice; None where there is none yet, or where it was not expanded."""
    # what was not asked to be expanded is no attribute at all
    found: stripe.ListObject[stripe.InvoicePayment] | None = getattr(invoice, "payments", None)
    for payment in sorted(found.data if found else (), key=lambda one: not one.is_default):
        intent = payment.payment.payment_intent
        if intent is not None and not isinstance(intent, str):
            return intent
    return None


def is_under_way(invoice: stripe.Invoice) -> bool:
    """Whether a payment was begun whose end nobody knows yet."""
    intent = payment_intent_of(invoice)
    return intent is not None and intent.status == "processing"


def _why(intent: stripe.PaymentIntent) -> str:
    said: str | None = getattr(intent.last_payment_error, "message", None)
    return said or "the payment failed"
