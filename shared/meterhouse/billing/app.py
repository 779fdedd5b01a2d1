"""The port to whoever sends invoices and collects money. Answers are values; an exception is a fault."""

from collections.abc import Collection, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Protocol

from meterhouse.billing.credit_note import CreditNote
from meterhouse.billing.installed_app import InstalledApp
from meterhouse.billing.invoice import Invoice, Issue
from meterhouse.billing.state import InvoiceState, Trigger


@dataclass(frozen=True, slots=True)
class LineTax:
    """What an app says of a line's taxes: those its amount holds already, and those that come on top."""

    inclusive: Decimal = Decimal(0)
    exclusive: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class Accepted:
    """The app took the invoice. `number` None: the house numbers it.

    Attributes:
        external_ids: what the app calls parts of it: by id of a line or of its discount, and `PAYMENT` for the payment.
        taxes: by line id, where the app works them out; a line that it does not name keeps what it has.
    """

    number: str | None = None
    external_id: str | None = None
    external_ids: Mapping[str, str] = field(default_factory=dict)
    sent_to_customer_at: datetime | None = None
    taxes: Mapping[str, LineTax] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Waiting:
    """The app has not said yet that it has the invoice; until it does, the invoice stays where it is."""


@dataclass(frozen=True, slots=True)
class Refused:
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Payment:
    """What became of a payment: one of the payment triggers; `at`: when, by the app's clock; None: it does not say."""

    trigger: Trigger
    reason: str | None = None
    at: datetime | None = None


class CopyState(StrEnum):
    """How far an app's own copy of an invoice is."""

    DRAFT = "draft"
    ISSUED = "issued"
    """The customer may pay it, as it is."""
    COLLECTED = "collected"
    CLOSED = "closed"
    """It was taken back, or given up."""


UNLIKE_ITS_COPY = frozenset(
    {"stripe_total_differs", "amount_not_representable", "too_many_lines", "negative_with_automatic_tax"}
)
"""Codes by which apps refuse amounts that differ from those of their copy, or cannot be those of any."""

COLLECTING_THE_WHOLE = frozenset({"stripe"})
"""Names of apps that hold a copy of an issued invoice and collect its total, unless they are told of credit notes."""


class InvoicingApp(Protocol):
    """Every call may be repeated for the same invoice and must then give the same answer."""

    @property
    def name(self) -> str:
        """Lower case; the scope of the house's own invoice numbers."""

    @property
    def is_remote(self) -> bool:
        """Whether a call leaves the house: never in a transaction of many customers, then.

        An app in the house keeps what it is told in the transaction in which it is told, if anywhere.
        """

    @property
    def awaits(self) -> AbstractSet[InvoiceState]:
        """The syncing states in which it answers `Waiting` and confirms by a call of its own."""

    @property
    def retries_payments(self) -> bool:
        """Whether it tries a failed payment again by itself, and reports; else the house asks for it again."""

    def validate(self, invoice: Invoice) -> Sequence[Issue]: ...

    def sync(self, invoice: Invoice) -> Accepted | Refused | Waiting:
        """Bring the draft to the app."""

    def finalize(self, invoice: Invoice) -> Accepted | Refused | Waiting:
        """Make the app's copy final."""

    def delete(self, invoice: Invoice) -> Accepted | Refused:
        """Take the app's copy back, before ours is deleted or voided: afterwards nobody collects it."""

    def collect_payment(self, invoice: Invoice) -> Payment | Refused | None:
        """Collect what is due, which is something; None while the outcome is not known; `Refused`: nobody may try.

        A call may be repeated while `payment_attempt` is the same: it is one attempt, and charges once.
        """

    def take_back(self, invoice: Invoice, note: CreditNote) -> Accepted | Refused | Waiting:
        """Do what a note says: of a paid invoice pay its total back, of one that is due collect so much less.

        A call may be repeated for the same note, and gives money back once.
        """

    def note_of(self, invoice: Invoice, note: CreditNote) -> Accepted | Refused | Waiting | None:
        """What the app did of a pending note, read and not changed; None where it did nothing of it.

        `Waiting`: whoever reports of it may be at it. `Refused`: it does not tell.

        Raises:
            Unavailable: it does not answer.
        """

    def payment_of(self, invoice: Invoice) -> Payment | Refused | None:
        """What became of the payment by the app's own books, read and not changed; None where it keeps none.

        Raises:
            Unavailable: it has books and does not answer.
        """

    def copy_of(self, invoice: Invoice) -> CopyState | None:
        """How far the app's copy is; None where it has none, keeps none, or refuses to tell.

        Raises:
            Unavailable: it has one, maybe, and does not answer.
        """


class Apps(Protocol):
    """Which app an invoice goes to."""

    def of(self, namespace: str, app_ids: Collection[str]) -> Mapping[str, InvoicingApp]:
        """The namespace's apps by id, uninstalled ones too; joins the transaction that is open.

        Raises:
            InvariantBroken: an id that was never an app of the namespace.
        """


class AppDirectory(Protocol):
    def installed(self, namespace: str, app_ids: Collection[str]) -> Mapping[str, InstalledApp]:
        """What is installed under these ids, or was; unknown ids are left out. Joins the transaction that is open."""


def app_of(apps: Apps, namespace: str, invoice: Invoice) -> InvoicingApp:
    """The app that invoices it."""
    return apps.of(namespace, [invoice.app_id])[invoice.app_id]
