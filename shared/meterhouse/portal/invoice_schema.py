"""Invoices as their customer sees them: no word of how they are worked on."""

from meterhouse.billing.invoice import Invoice
from meterhouse.billing.invoice_schema import DetailedLineWire, InvoiceExpand, InvoiceStatus, LineWire, TotalsWire
from meterhouse.billing.invoice_wire import invoice_to_wire
from meterhouse.billing.service import Shown
from meterhouse.platform.wire import Instant, Numeric, PeriodWire, Ulid, Wire

_WITH_LINES = frozenset({InvoiceExpand.LINES})


class PortalLinePart(Wire):
    name: str
    category: str
    quantity: Numeric
    per_unit_amount: Numeric
    amount: Numeric
    total: Numeric


class PortalLine(Wire):
    """`parts` are what the amount is made of: tiers, minimums, discounts taken off."""

    id: Ulid
    name: str
    description: str | None = None
    feature_key: str | None = None
    period: PeriodWire
    quantity: Numeric | None = None
    totals: TotalsWire
    parts: list[PortalLinePart]


class PortalInvoice(Wire):
    """`lines` are there where one invoice is asked for, and of those to come; `invoiceAt`: when one is to be made."""

    id: Ulid
    number: str
    status: InvoiceStatus
    currency: str
    supplier: str | None = None
    period: PeriodWire | None = None
    invoice_at: Instant | None = None
    issued_at: Instant | None = None
    due_at: Instant | None = None
    totals: TotalsWire
    lines: list[PortalLine] | None = None


class PortalInvoices(Wire):
    items: list[PortalInvoice]
    total_count: int


def portal_invoice(shown: Shown, *, with_lines: bool) -> PortalInvoice:
    wire = invoice_to_wire(shown, _WITH_LINES if with_lines else frozenset())
    return PortalInvoice(
        id=wire.id,
        number=wire.number,
        status=wire.status,
        currency=wire.currency,
        supplier=wire.supplier.name,
        period=wire.period,
        invoice_at=_invoice_at(shown.invoice) if wire.status is InvoiceStatus.GATHERING else None,
        issued_at=wire.issued_at,
        due_at=wire.due_at,
        totals=wire.totals,
        lines=None if wire.lines is None else [portal_line(line) for line in wire.lines],
    )


def portal_line(line: LineWire) -> PortalLine:
    return PortalLine(
        id=line.id,
        name=line.name,
        description=line.description,
        feature_key=line.feature_key or line.rate_card.feature_key,
        period=line.period,
        quantity=line.quantity,
        totals=line.totals,
        parts=[_part(part) for part in line.children],
    )


def _part(part: DetailedLineWire) -> PortalLinePart:
    return PortalLinePart(
        name=part.name,
        category=part.category,
        quantity=part.quantity,
        per_unit_amount=part.per_unit_amount,
        amount=part.totals.amount,
        total=part.totals.total,
    )


def _invoice_at(invoice: Invoice) -> Instant | None:
    return min((line.invoice_at for line in invoice.lines), default=invoice.collection_at)
