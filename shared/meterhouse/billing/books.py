"""What the books have to say of an invoice, by its state and its credit notes alone. Pure."""

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal

from meterhouse.billing.bookings import PROMISED, owed_of
from meterhouse.billing.credit_note import CreditNote, NoteState, summed
from meterhouse.billing.invoice import Credited, Invoice
from meterhouse.billing.state import InvoiceState
from meterhouse.kernel.rounding import EXACT
from meterhouse.ledger.account import Account, Payment
from meterhouse.ledger.invoice_postings import Owed

Standing = Mapping[tuple[str, str], Decimal]
"""What the entries of an invoice's transactions sum to, by currency and account; of a receivable, and its payment."""


def standing_of(invoice: Invoice, notes: Iterable[CreditNote]) -> Standing:
    """What stands in the books of the invoice and its notes; places where nothing stands are left out.

    What was accrued is earned at once, so nothing stands there.
    """
    if invoice.issued_at is None or invoice.voided_at is not None:
        return {}
    owed, back = owed_of(invoice), _sums(note for note in notes if _stands(note) and note.was_paid)
    amounts = {
        Account.EARNINGS.value: EXACT.subtract(owed.services, back.net),
        Account.TAXES.value: EXACT.subtract(owed.taxes, back.taxes),
        Account.BROKERAGE.value: owed.purchases,
        **_payment(invoice.state, owed, back),
    }
    return {(invoice.currency, place): amount for place, amount in amounts.items() if amount}


def credited_by(notes: Iterable[CreditNote]) -> Credited:
    """What the notes on an invoice made less due of it."""
    return _sums(note for note in notes if _stands(note) and not note.was_paid)


def differing(told: Standing, booked: Standing) -> Iterator[str]:
    """Where they differ, in words."""
    for currency_code, place in sorted({*told, *booked}):
        at = (currency_code, place)
        wanted, found = told.get(at, Decimal(0)), booked.get(at, Decimal(0))
        if wanted != found:
            yield f"{place}: {wanted:f} {currency_code}, booked is {found:f}"


def _payment(state: InvoiceState, owed: Owed, back: Credited) -> Mapping[str, Decimal]:
    """Where the money is: open, promised, given up, or there, less what went back."""
    total = EXACT.minus(owed.total)
    if state is InvoiceState.PAID:
        return {Account.WASH.value: EXACT.add(total, back.total)}
    if state is InvoiceState.UNCOLLECTIBLE:
        return {Account.LOSSES.value: total}
    payment = Payment.AUTHORIZED if state in PROMISED else Payment.OPEN
    return {f"{Account.RECEIVABLE.value}/{payment.value}": total}


def _stands(note: CreditNote) -> bool:
    return note.state is NoteState.ISSUED


def _sums(notes: Iterable[CreditNote]) -> Credited:
    found = list(notes)
    return Credited(summed(note.net_back for note in found), summed(note.taxes_back for note in found))
