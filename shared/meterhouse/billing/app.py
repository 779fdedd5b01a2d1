"""The port to whoever sends invoices and collects money. Answers are values; an exception is a fault."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from meterhouse.billing.invoice import Invoice, Issue
from meterhouse.billing.state import Trigger


@dataclass(frozen=True, slots=True)
class Accepted:
    """The app took the invoice. `number` None: the house numbers it."""

    number: str | None = None
    external_id: str | None = None


@dataclass(frozen=True, slots=True)
class Refused:
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Payment:
    """What became of a payment: one of the payment triggers."""

    trigger: Trigger
    reason: str | None = None


class InvoicingApp(Protocol):
    """Every call may be repeated for the same invoice and must then give the same answer."""

    @property
    def name(self) -> str:
        """Lower case; the scope of the house's own invoice numbers."""

    def validate(self, invoice: Invoice) -> Sequence[Issue]: ...

    def sync(self, invoice: Invoice) -> Accepted | Refused:
        """Bring the draft to the app."""

    def finalize(self, invoice: Invoice) -> Accepted | Refused:
        """Make the app's copy final."""

    def delete(self, invoice: Invoice) -> Accepted | Refused: ...

    def collect_payment(self, invoice: Invoice) -> Payment | None:
        """Collect the total; None while the outcome is not known."""


class Apps(Protocol):
    """Which app an invoice goes to."""

    def of(self, namespace: str, app_ids: Collection[str]) -> Mapping[str, InvoicingApp]:
        """The namespace's apps by id, uninstalled ones too; joins the transaction that is open.

        Raises:
            InvariantBroken: an id that was never an app of the namespace.
        """
