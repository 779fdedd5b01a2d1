"""The app that waits: somebody's own system takes each invoice, and says so by calls of its own."""

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from meterhouse.billing.app import Accepted, CopyState, Payment, Waiting
from meterhouse.billing.credit_note import CreditNote
from meterhouse.billing.installed_app import CustomInvoicingConfig
from meterhouse.billing.invoice import Invoice, Issue
from meterhouse.billing.state import InvoiceState


@dataclass(frozen=True, slots=True)
class CustomInvoicing:
    """`meterhouse.billing.app.InvoicingApp` of a system that is told of work by notifications, and calls back."""

    config: CustomInvoicingConfig
    name: str = "custom_invoicing"
    is_remote: bool = False
    retries_payments: bool = True

    @property
    def awaits(self) -> AbstractSet[InvoiceState]:
        return self.config.awaits

    def validate(self, _invoice: Invoice) -> Sequence[Issue]:
        return ()

    def sync(self, _invoice: Invoice) -> Accepted | Waiting:
        return Waiting() if self.config.awaits_draft else Accepted()

    def finalize(self, _invoice: Invoice) -> Accepted | Waiting:
        return Waiting() if self.config.awaits_issuing else Accepted()

    def delete(self, _invoice: Invoice) -> Accepted:
        return Accepted()

    def collect_payment(self, _invoice: Invoice) -> Payment | None:
        """Not known before the system reports it."""
        return None

    def take_back(self, _invoice: Invoice, _note: CreditNote) -> Waiting:
        """The system is told by an event, pays back and reports."""
        return Waiting()

    def note_of(self, _invoice: Invoice, _note: CreditNote) -> Waiting:
        return Waiting()

    def payment_of(self, _invoice: Invoice) -> Payment | None:
        return None

    def copy_of(self, _invoice: Invoice) -> CopyState | None:
        return None
