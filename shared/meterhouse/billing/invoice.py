"""Invoices and their lines. Which instant means what stands in the room's README."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from dataclasses import field as _apart
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from operator import attrgetter
from typing import NamedTuple

from meterhouse.billing.line_keys import overage_key
from meterhouse.billing.profile import Party, Workflow
from meterhouse.billing.state import Guard, InvoiceState, Trigger
from meterhouse.catalog.plan import SettlementMode
from meterhouse.catalog.rate_card import RateCard
from meterhouse.kernel.currency import Currency, currency
from meterhouse.kernel.errors import InvalidInput
from meterhouse.kernel.period import Period
from meterhouse.kernel.rounding import EXACT
from meterhouse.rating.line import NO_TOTALS, DetailedLine, Totals

NOTHING = NO_TOTALS
PAYMENT = "payment"
"""Key of the payment's id among an invoice's `external_ids`."""


class ManagedBy(StrEnum):
    SUBSCRIPTION = "subscription"
    SYSTEM = "system"
    MANUAL = "manual"


class SubscriptionReference(NamedTuple):
    subscription_id: str
    phase_id: str
    item_id: str


@dataclass(frozen=True, slots=True)
class CreditAllocation:
    """What prepaid credit bears of a line: of a grant, or, without one, in advance of credit to come."""

    charge: str
    amount: Decimal
    grant_id: str | None = None


@dataclass(frozen=True, slots=True)
class Overage:
    """Units of a custom currency that credit left of a line; what one is worth is the price of whoever has this.

    Attributes:
        line_id: the line in units.
        currency: the custom one's code.
        cost_basis_id: what a unit is worth, in force since `effective_from`; None: nobody has said so yet.
        is_in_advance: whether the line in units was a fee in advance.
    """

    line_id: str
    currency: str
    units: Decimal
    cost_basis_id: str | None = None
    effective_from: datetime | None = None
    is_in_advance: bool = False


@dataclass(frozen=True)  # no slots: copies are made of its dict
class Line:
    """One item for one period.

    Attributes:
        key: the business key; at most one live line has it.
        feature_id: the feature that was sold; None: that of the rate card's key, if there is one.
        is_terminal: whether the subscription's own end cuts the service period.
        revision: counts how often the same key is billed anew after a void.
        invoice_id: the gathering invoice while the line `is_pending`, then its standard invoice, for ever.
        is_live: False once the line was voided and its key is to be billed again.
        whole_period: of usage that is billed in parts the service period as a whole; None: nobody else charges for it.
        quantity: units it charges for (1 for a flat price); None until they were snapshotted.
        quantity_before: units that other lines of the whole period had charged by then.
        subjects: whose usage it charges for; None: its invoice's.
        note_id: the credit note that gives back what it takes off, in the place of an invoice.
        trace: how the totals came about, with a hash; None until rated.
        deleted_at: when it was taken off its invoice by hand; its key is never billed again.
        settlement_mode: whether credit bears what it can of it, or all.
        credits: what credit bears of it, in the order in which it was burnt.
        grant_id: the credit grant that it pays for; credit never bears any of that.
        is_taxed: whether somebody said what taxes it has as it is rated, be it none.
        invoice_currency: of a line in units of a custom currency that in which what credit leaves is invoiced.
        cost_basis_id: what its units are worth by agreement; None: what is in force when they were used.
        overage: of which units in a custom currency it charges what credit left.
        agreed_end: of a fee whose price or period callers wrote, until when its subscription asked for it then.
    """

    id: str
    key: str
    invoice_id: str
    customer_id: str
    currency: str
    name: str
    rate_card: RateCard
    service_period: Period
    full_service_period: Period
    billing_period: Period
    invoice_at: datetime
    created_at: datetime
    updated_at: datetime
    feature_id: str | None = None
    is_prorated: bool = True
    is_terminal: bool = False
    revision: int = 0
    is_live: bool = True
    is_pending: bool = True
    managed_by: ManagedBy = ManagedBy.SUBSCRIPTION
    subscription: SubscriptionReference | None = None
    whole_period: Period | None = None
    quantity: Decimal | None = None
    quantity_before: Decimal = Decimal(0)
    subjects: tuple[str, ...] | None = None
    note_id: str | None = None
    totals: Totals = NOTHING
    detailed: tuple[DetailedLine, ...] = ()
    trace: Mapping[str, object] | None = None
    deleted_at: datetime | None = None
    settlement_mode: SettlementMode = SettlementMode.CREDIT_THEN_INVOICE
    credits: tuple[CreditAllocation, ...] = ()
    grant_id: str | None = None
    is_taxed: bool = False
    invoice_currency: str | None = None
    cost_basis_id: str | None = None
    overage: Overage | None = None
    agreed_end: datetime | None = None

    @property
    def stands_until(self) -> datetime:
        """Until when nobody else charges for its full period; what callers shortened stands for all that it was."""
        return self.service_period.end if self.agreed_end is None else max(self.agreed_end, self.service_period.end)

    @property
    def is_invoiced(self) -> bool:
        """Whether it comes onto an invoice; what credit alone settles never does, and units do not."""
        return self.settlement_mode is not SettlementMode.CREDIT_ONLY and self.invoice_currency is None

    @property
    def is_metered(self) -> bool:
        """Whether its quantity is read of a meter; that of an overage is what credit left."""
        return self.rate_card.is_metered and self.overage is None

    @property
    def is_in_advance(self) -> bool:
        """Whether it, or what it is the overage of, is a fee that is due before it is served."""
        return self.rate_card.is_in_advance if self.overage is None else self.overage.is_in_advance

    @property
    def unit(self) -> Currency:
        """What it is priced in, with its precision."""
        return self.rate_card.currency or currency(self.currency)

    @property
    def billed_in(self) -> str:
        """The currency of the invoice that it, or what credit leaves of it, comes onto."""
        return self.invoice_currency or self.currency

    @property
    def place(self) -> tuple[datetime, str, int]:
        """Where it stands among the lines of an invoice; one in units, where what credit leaves of it will."""
        key = self.key if self.invoice_currency is None else overage_key(self.key)
        return self.service_period.start, key, self.revision


def in_order(lines: Iterable[Line]) -> list[Line]:
    """Lines as an invoice has them, made or read: credit bears them in this order, and issues name them by it."""
    return sorted(lines, key=attrgetter("place"))


class Severity(StrEnum):
    CRITICAL = "critical"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Issue:
    """Something wrong with an invoice.

    Attributes:
        component: who found it.
        field: a JSON pointer into the invoice.
        noticed_at: when it was found first; found again it is the same.
    """

    severity: Severity
    code: str
    component: str
    message: str
    field: str = ""
    noticed_at: datetime | None = _apart(default=None, compare=False)


class Transition(NamedTuple):
    """One step of an invoice; `number` counts them, `at` is the instant the step was decided for."""

    number: int
    trigger: Trigger
    source: InvoiceState
    target: InvoiceState
    at: datetime
    reason: str | None = None


class Credited(NamedTuple):
    """What credit notes made less due of an invoice that was not paid; `taxes` are those on top and within."""

    net: Decimal = Decimal(0)
    taxes: Decimal = Decimal(0)

    @property
    def total(self) -> Decimal:
        return EXACT.add(self.net, self.taxes)

    def plus(self, net: Decimal, taxes: Decimal) -> "Credited":
        return Credited(EXACT.add(self.net, net), EXACT.add(self.taxes, taxes))


NOT_CREDITED = Credited()


@dataclass(frozen=True)  # no slots: copies are made of its dict
class Invoice:
    """A gathering invoice, which stages pending lines, or a standard invoice, which is sent.

    `supplier`, `customer` and `workflow` are copies made when the invoice was: later changes do not reach it, but
    edits of the draft do.

    Attributes:
        lines: without those that were taken off by hand.
        step: how many transitions there were.
        subject_keys: whose usage is billed; the customer's when the invoice was made.
        draft_synced_at: when the app had the draft as it is; None: not yet.
        issuing_synced_at: when the app had the final invoice.
        external_id: what the app calls it.
        external_ids: what the app calls its parts: by id of a line or of its discount, and `PAYMENT` for the payment.
        payment_attempt: counts how often its payment was asked for.
        payment_failed_at: when that failed last.
    """

    id: str
    number: str
    state: InvoiceState
    customer: Party
    subject_keys: tuple[str, ...]
    currency: str
    profile_id: str
    app_id: str
    supplier: Party
    workflow: Workflow
    created_at: datetime
    updated_at: datetime
    lines: tuple[Line, ...] = ()
    totals: Totals = NOTHING
    period: Period | None = None
    issues: tuple[Issue, ...] = ()
    metadata: Mapping[str, str] = field(default_factory=dict)
    description: str | None = None
    external_id: str | None = None
    external_ids: Mapping[str, str] = field(default_factory=dict)
    payment_attempt: int = 0
    step: int = 0
    collection_at: datetime | None = None
    quantity_snapshotted_at: datetime | None = None
    draft_synced_at: datetime | None = None
    draft_until: datetime | None = None
    issuing_synced_at: datetime | None = None
    issued_at: datetime | None = None
    sent_to_customer_at: datetime | None = None
    due_at: datetime | None = None
    payment_failed_at: datetime | None = None
    voided_at: datetime | None = None
    deleted_at: datetime | None = None
    credited: Credited = NOT_CREDITED

    @property
    def due(self) -> Decimal:
        """What is to be paid, if nothing was."""
        return EXACT.subtract(self.totals.total, self.credited.total)

    @property
    def due_by(self) -> datetime | None:
        """When it is due; of a draft, when it will be if it is issued by itself. None after the calendar's end, too."""
        if self.due_at is not None or self.draft_until is None or self.deleted_at is not None:
            return self.due_at
        try:
            return self.workflow.due_after.after(self.draft_until)
        except InvalidInput:
            return None

    @property
    def customer_id(self) -> str:
        """The customer's id; an invoice always has one."""
        return self.customer.id or ""

    def holding(self, at: datetime) -> frozenset[Guard]:
        """The guards that hold at `at`."""
        workflow = self.workflow
        guards = [
            Guard.AUTO_ADVANCE if workflow.auto_advance else Guard.MANUAL_ADVANCE,
            Guard.HAS_LINES if self.lines else Guard.NO_LINES,
        ]
        if self.collection_at is None or self.collection_at <= at:
            guards.append(Guard.COLLECTION_DUE)
        if not self.issues or all(issue.severity is not Severity.CRITICAL for issue in self.issues):
            guards.append(Guard.NO_CRITICAL_ISSUE)
        if self.draft_synced_at:
            guards.append(Guard.DRAFT_SYNCED)
        if self.issuing_synced_at:
            guards.append(Guard.ISSUING_SYNCED)
        if self.draft_until is None or self.draft_until <= at:
            guards.append(Guard.DRAFT_PERIOD_OVER)
        return frozenset(guards)


def draft_number(invoice_id: str) -> str:
    """What stands for a number until there is one: drafts take none of the gapless sequence."""
    return f"DRAFT-{invoice_id}"
