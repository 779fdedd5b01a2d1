"""What the steps of an invoice mean for the books, decided here and written in bulk with the steps."""

from collections.abc import Callable, Sequence
from datetime import datetime

from meterhouse.billing.app import Refused
from meterhouse.billing.invoice import Invoice
from meterhouse.billing.state import InvoiceState
from meterhouse.ledger.transaction import Transaction

BOOKED_ON_ENTRY = frozenset({InvoiceState.VOIDED, InvoiceState.UNCOLLECTIBLE, InvoiceState.DELETED})
"""States without work, which may not be refused; every other booking is the work of a state of its own."""

BookingsOf = Callable[[Invoice, InvoiceState, datetime], Sequence[Transaction] | Refused]
"""What is booked at an instant for an invoice in, or on its way to, a state."""


def bookings_of(_invoice: Invoice, _state: InvoiceState, _at: datetime) -> Sequence[Transaction] | Refused:
    """The transactions of a step, their keys made of the invoice's id; what may not be booked is refused by value.

    The invoice is in the state already, but for `BOOKED_ON_ENTRY`, where it is as it was before the step.
    """
    return ()
