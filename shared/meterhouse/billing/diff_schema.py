"""Why a bill changed, on the wire."""

from dataclasses import asdict

from meterhouse.billing.bill_change import BillChange, Effects, LineChange
from meterhouse.billing.invoice import Invoice, Line
from meterhouse.billing.invoice_wire import period_to_wire
from meterhouse.platform.wire import Numeric, PeriodWire, Ulid, Wire


class EffectsWire(Wire):
    """What each cause put on the bill; they sum exactly to `total`.

    Volume is valued at the old price, a new price at the new volume, both before discounts. `added` and `removed` are
    lines that one of the invoices has none for.
    """

    volume: Numeric
    price: Numeric
    proration: Numeric
    discount: Numeric
    credit: Numeric
    tax: Numeric
    added: Numeric
    removed: Numeric
    total: Numeric


class ComparedInvoice(Wire):
    id: Ulid
    number: str
    total: Numeric
    period: PeriodWire | None = None


class ComparedSide(Wire):
    line_id: Ulid
    period: PeriodWire
    quantity: Numeric | None = None
    total: Numeric


class ComparedLines(Wire):
    name: str
    feature_key: str | None = None
    old: ComparedSide | None = None
    new: ComparedSide | None = None
    effects: EffectsWire


class InvoiceDiff(Wire):
    """`beside` are effects on the invoices that no line of them shows."""

    currency: str
    old: ComparedInvoice
    new: ComparedInvoice
    difference: Numeric
    effects: EffectsWire
    lines: list[ComparedLines]
    beside: EffectsWire


def diff_to_wire(found: BillChange) -> InvoiceDiff:
    return InvoiceDiff(
        currency=found.new.currency,
        old=_invoice(found.old),
        new=_invoice(found.new),
        difference=found.difference,
        effects=_effects(found.effects),
        lines=[_lines(line) for line in found.lines],
        beside=_effects(found.beside),
    )


def _invoice(invoice: Invoice) -> ComparedInvoice:
    period = None if invoice.period is None else period_to_wire(invoice.period)
    return ComparedInvoice(id=invoice.id, number=invoice.number, total=invoice.totals.total, period=period)


def _lines(change: LineChange) -> ComparedLines:
    named = change.old if change.new is None else change.new
    return ComparedLines(
        name="" if named is None else named.name,
        feature_key=None if named is None else named.rate_card.feature_key,
        old=_side(change.old),
        new=_side(change.new),
        effects=_effects(change.effects),
    )


def _side(line: Line | None) -> ComparedSide | None:
    if line is None:
        return None
    return ComparedSide(
        line_id=line.id, period=period_to_wire(line.service_period), quantity=line.quantity, total=line.totals.total
    )


def _effects(effects: Effects) -> EffectsWire:
    return EffectsWire(**asdict(effects), total=effects.total)
