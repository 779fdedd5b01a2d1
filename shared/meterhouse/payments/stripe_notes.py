"""Credit notes at Stripe: refunds of what was paid, and credit notes that make less due of what is open.

What is there is read first: a repeat finds what a lost answer was about, also when Stripe forgot the idempotency key.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from meterhouse.billing.app import Accepted, Refused
from meterhouse.billing.credit_note import Refund
from meterhouse.kernel.errors import Unavailable
from meterhouse.payments.stripe_amounts import minor_units
from meterhouse.payments.stripe_api import UNAUTHORIZED, StripeRefusal, answers, metadata_of, once
from meterhouse.payments.stripe_outcome import is_under_way, payment_intent_of

if TYPE_CHECKING:
    from collections.abc import Callable

    import stripe

    from meterhouse.billing.credit_note import CreditNote

T = TypeVar("T")

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

    def done(self, invoice: stripe.Invoice, note: CreditNote) -> str | None:
        """What Stripe calls what it did of the note, read and not changed; None: nothing that holds."""
        if note.refund is not Refund.PAYMENT:
            return next((one.id for one in self._credits_of(invoice, note) if one.status != "void"), None)
        intent = payment_intent_of(invoice)
        made = [] if intent is None else self._refunds_of(intent, note)
        return next((one.id for one in made if why_not_paid_back(one) is None), None)

    def refunded(self, invoice: stripe.Invoice, note: CreditNote) -> Accepted | Refused:
        """The payment of the invoice, refunded by the note's total: once in each attempt, unless an earlier one did."""
        intent = payment_intent_of(invoice)
        if invoice.status != "paid" or intent is None or intent.status != "succeeded":
            return Refused("stripe_payment_missing", "nothing was paid through Stripe: pay it back where it was paid")
        ours = self._refunds_of(intent, note)
        tried = (one for one in ours if metadata_of(one).get(ATTEMPT) == str(note.attempt))
        paid_back = (one for one in ours if why_not_paid_back(one) is None)
        made = next(paid_back, next(tried, None)) or _made(
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
        ours = self._credits_of(invoice, note)
        found = next((one for one in ours if one.status != "void"), None)
        voided = next((one for one in ours if metadata_of(one).get(ATTEMPT, "1") == str(note.attempt)), None)
        if found is None and voided is not None:
            return Refused("stripe_note_voided", f"the credit note {voided.id} was voided at Stripe")
        if found is None and invoice.status != "open":
            return Refused("stripe_invoice_closed", f"the invoice is {invoice.status} at Stripe: nothing is due there")
        if found is None and is_under_way(invoice):
            raise Unavailable("a payment of the invoice is under way at Stripe", _LATER_SECONDS)
        made = found or _made(
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

    def _refunds_of(self, intent: stripe.PaymentIntent, note: CreditNote) -> list[stripe.Refund]:
        page = self._refunds.list({"payment_intent": intent.id, "limit": _PAGE})
        return [one for one in page.auto_paging_iter() if metadata_of(one).get(NOTE) == note.id]

    def _credits_of(self, invoice: stripe.Invoice, note: CreditNote) -> list[stripe.CreditNote]:
        page = self._credit_notes.list({"invoice": invoice.id, "limit": _PAGE})
        return [one for one in page.auto_paging_iter() if metadata_of(one).get(NOTE) == note.id]


def _made(key: str, create: Callable[[str], T]) -> T:
    """What is made once; all that there was has been read by now.

    Raises:
        StripeRefusal: `stripe_not_allowed` where the key may read and not make: then nothing was done, for certain.
    """
    try:
        with answers():
            return once(key, create)
    except StripeRefusal as refusal:
        if refusal.code != UNAUTHORIZED or refusal.is_of_key:
            raise
        raise StripeRefusal("stripe_not_allowed", refusal.message) from refusal
