"""Credit notes at Stripe: refunds of what was paid, and credit notes that make less due of what is open.

What is there is read first: a repeat finds what a lost answer was about, also when Stripe forgot the idempotency key.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from meterhouse.billing.app import Accepted, Refused
from meterhouse.kernel.errors import Unavailable
from meterhouse.payments.stripe_amounts import minor_units
from meterhouse.payments.stripe_api import metadata_of, once
from meterhouse.payments.stripe_outcome import is_under_way, payment_intent_of

if TYPE_CHECKING:
    import stripe

    from meterhouse.billing.credit_note import CreditNote

NOTE = "meterhouse_note"
"""Key of the metadata of what was given back at Stripe: the id of our note."""
ATTEMPT = "meterhouse_attempt"
"""Key of the metadata of a refund or credit note: which of our note's attempts it is."""

_PAGE = 100
_LATER_SECONDS = 3600
_NOT_PAID_BACK = {"failed", "canceled"}


def why_not_paid_back(refund: stripe.Refund) -> str | None:
    """Why the money did not arrive; None while it did, or may."""
    if refund.status not in _NOT_PAID_BACK:
        return None
    # what is not said is no attribute at all
    reason: str | None = getattr(refund, "failure_reason", None)
    return f"the refund {refund.id} is {refund.status} at Stripe" + (f": {reason}" if reason else "")


class StripeNotes:
    def __init__(self, client: stripe.StripeClient) -> None:
        self._refunds = client.v1.refunds
        self._credit_notes = client.v1.credit_notes

    def refunded(self, invoice: stripe.Invoice, note: CreditNote) -> Accepted | Refused:
        """The payment of the invoice, refunded by the note's total: once in each attempt, unless an earlier one did."""
        intent = payment_intent_of(invoice)
        if invoice.status != "paid" or intent is None or intent.status != "succeeded":
            return Refused("stripe_payment_missing", "nothing was paid through Stripe: pay it back where it was paid")
        page = self._refunds.list({"payment_intent": intent.id, "limit": _PAGE})
        ours = [one for one in page.auto_paging_iter() if metadata_of(one).get(NOTE) == note.id]
        tried = (one for one in ours if metadata_of(one).get(ATTEMPT) == str(note.attempt))
        paid_back = (one for one in ours if why_not_paid_back(one) is None)
        made = next(paid_back, next(tried, None)) or once(
            f"{note.id}/refund/{note.attempt}",
            lambda key: self._refunds.create(
                {
                    "payment_intent": intent.id,
                    "amount": minor_units(note.total, note.currency),
                    "metadata": {NOTE: note.id, ATTEMPT: str(note.attempt)},
                },
                {"idempotency_key": key},
            ),
        )
        failure = why_not_paid_back(made)
        return Accepted(external_id=made.id) if failure is None else Refused("stripe_refund_failed", failure)

    def credited(self, invoice: stripe.Invoice, note: CreditNote) -> Accepted | Refused:
        """The note's total less due of the open invoice; what was voided at Stripe since is due there again.

        Raises:
            Unavailable: a payment of all of it is under way.
        """
        page = self._credit_notes.list({"invoice": invoice.id, "limit": _PAGE})
        ours = [one for one in page.auto_paging_iter() if metadata_of(one).get(NOTE) == note.id]
        found = next((one for one in ours if one.status != "void"), None)
        voided = next((one for one in ours if metadata_of(one).get(ATTEMPT, "1") == str(note.attempt)), None)
        if found is None and voided is not None:
            return Refused("stripe_note_voided", f"the credit note {voided.id} was voided at Stripe")
        if found is None and invoice.status != "open":
            return Refused("stripe_invoice_closed", f"the invoice is {invoice.status} at Stripe: nothing is due there")
        if found is None and is_under_way(invoice):
            raise Unavailable("a payment of the invoice is under way at Stripe", _LATER_SECONDS)
        made = found or once(
            f"{note.id}/credit" + ("" if note.attempt == 1 else f"/{note.attempt}"),
            lambda key: self._credit_notes.create(
                {
                    "invoice": invoice.id,
                    "amount": minor_units(note.total, note.currency),
                    "memo": note.reason,
                    "metadata": {NOTE: note.id, ATTEMPT: str(note.attempt)},
                },
                {"idempotency_key": key},
            ),
        )
        return Accepted(external_id=made.id)
