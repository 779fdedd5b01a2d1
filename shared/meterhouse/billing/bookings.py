"""What the steps of an invoice mean for the books, decided here and written in bulk with the steps."""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from decimal import Decimal

from meterhouse.billing.app import Refused
from meterhouse.billing.invoice import Invoice
from meterhouse.billing.state import InvoiceState
from meterhouse.kernel.rounding import EXACT
from meterhouse.ledger import invoice_postings as postings
from meterhouse.ledger.invoice_postings import Owed
from meterhouse.ledger.postings import Entries
from meterhouse.ledger.transaction import Kind, Transaction

_S = InvoiceState
BOOKED_ON_ENTRY = frozenset(
    {
        _S.VOIDED,
        _S.UNCOLLECTIBLE,
        _S.PAYMENT_FAILED,
        _S.PAYMENT_ACTION_REQUIRED,
        _S.OVERDUE,
        _S.BOOKING_AUTHORIZED,
        _S.BOOKING_AUTHORIZED_AND_SETTLED,
    }
)
"""States whose entry books something, which may not be refused; every other booking is the work of a state."""

BookingsOf = Callable[[Invoice, InvoiceState, datetime], Sequence[Transaction] | Refused]
"""What is booked at an instant for an invoice in, or on its way to, a state."""

_PROMISES = frozenset({_S.BOOKING_AUTHORIZED, _S.BOOKING_AUTHORIZED_AND_SETTLED})
_PAYS = frozenset({_S.BOOKING_AUTHORIZED_AND_SETTLED, _S.BOOKING_SETTLED})
PROMISED = frozenset({_S.PAYMENT_AUTHORIZED, _S.BOOKING_SETTLED, _S.BOOKING_SETTLED_FAILED})
"""States in which somebody has promised the money, and the books say so."""
_NOTHING = Decimal(0)
_Booked = Iterator[tuple[Kind, Entries]]


def bookings_of(invoice: Invoice, state: InvoiceState, at: datetime) -> Sequence[Transaction] | Refused:
    """The transactions of a step, their keys made of the invoice's id and its step; what may not be booked is refused.

    The invoice is in the state already, but for `BOOKED_ON_ENTRY`, where it is as it was before the step.
    """
    owed = owed_of(invoice)
    booked = _working(state, owed) if invoice.state is state else _entering(invoice.state, state, owed)
    step = invoice.step if invoice.state is state else invoice.step + 1
    return [
        Transaction(
            f"invoice/{invoice.id}/{step}/{kind.value}",
            kind,
            invoice.customer_id,
            at,
            at,
            entries,
            invoice=invoice.id,
        )
        for kind, entries in booked
        if entries
    ]


def owed_of(invoice: Invoice) -> Owed:
    """What the invoice comes to, less what was credited before it was paid.

    What its lines cost before taxes is for services, but where they pay for credit.
    """
    bought = _NOTHING
    for line in invoice.lines:
        if line.grant_id is not None:
            bought = EXACT.add(bought, EXACT.subtract(line.totals.total, line.totals.taxes_total))
    net = EXACT.subtract(EXACT.subtract(invoice.totals.total, invoice.totals.taxes_total), invoice.credited.net)
    taxes = EXACT.subtract(invoice.totals.taxes_total, invoice.credited.taxes)
    return Owed(invoice.currency, EXACT.subtract(net, bought), bought, taxes)


def _working(state: InvoiceState, owed: Owed) -> _Booked:
    if state is _S.ISSUING_CHARGE_BOOKING:
        yield Kind.INVOICED, postings.invoicing(owed)
        yield Kind.RECOGNISED, postings.earning(owed)
    if state in _PROMISES:
        yield Kind.AUTHORIZED, postings.promising(owed)
    if state in _PAYS:
        yield Kind.SETTLED, postings.paying(owed)


def _entering(source: InvoiceState, state: InvoiceState, owed: Owed) -> _Booked:
    if source in PROMISED:
        yield Kind.RELEASED, postings.releasing(owed)
    if source is _S.UNCOLLECTIBLE:
        yield Kind.RECOVERED, postings.negated(postings.losing(owed))
    if state is _S.UNCOLLECTIBLE:
        yield Kind.WRITTEN_OFF, postings.losing(owed)
    if state is _S.VOIDED:
        yield Kind.TAKEN_BACK, postings.negated((*postings.invoicing(owed), *postings.earning(owed)))
