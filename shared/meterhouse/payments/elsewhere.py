"""An app that calls somebody, in a composition that has no way there: others bring its invoices to it."""

from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import NoReturn

from meterhouse.billing.credit_note import CreditNote
from meterhouse.billing.invoice import Invoice
from meterhouse.billing.state import InvoiceState
from meterhouse.kernel.errors import InvariantBroken


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """`meterhouse.billing.app.InvoicingApp`, as far as it can be told without a call."""

    name: str
    is_remote: bool = True
    awaits: AbstractSet[InvoiceState] = frozenset()
    retries_payments: bool = True

    def validate(self, _invoice: Invoice) -> NoReturn:
        """Every call is a fault of whoever composed this."""
        raise InvariantBroken(f"nothing here brings invoices to an app of type {self.name}")

    sync = finalize = delete = collect_payment = payment_of = copy_of = validate

    def take_back(self, invoice: Invoice, _note: CreditNote) -> NoReturn:
        self.validate(invoice)

    note_of = take_back
