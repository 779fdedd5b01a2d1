"""An invoice as it is printed: every text in its place, whatever draws it. The same invoice gives the same texts."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal

from meterhouse.billing.invoice import Invoice, Line
from meterhouse.billing.profile import Party
from meterhouse.billing.state import InvoiceState
from meterhouse.billing.verification import invoice_hash
from meterhouse.kernel.currency import currency
from meterhouse.kernel.period import Period
from meterhouse.kernel.rounding import EXACT
from meterhouse.rating.line import DetailedLine, DiscountReason, Totals

DRAFT, VOID, DELETED = "DRAFT", "VOID", "DELETED"
_MICROSECOND = timedelta(microseconds=1)
_MINUS = "\N{MINUS SIGN}"
_DASH = "\N{EN DASH}"
_TAKEN = {DiscountReason.PERCENTAGE: "Discount", DiscountReason.MAXIMUM_SPEND: "Above the maximum spend"}


@dataclass(frozen=True, slots=True)
class PrintedRow:
    """A position of a line; what is taken off has an amount alone."""

    name: str
    amount: str
    quantity: str = ""
    unit_price: str = ""


@dataclass(frozen=True, slots=True)
class PrintedLine:
    """A line with its amount less discounts; `rows` say how it comes about, where its own row does not."""

    head: PrintedRow
    note: str
    rows: tuple[PrintedRow, ...] = ()


@dataclass(frozen=True, slots=True)
class PrintedInvoice:
    """A document.

    Attributes:
        mark: what stands across a document that nobody has to pay.
        dated: what the file says of when it was made: an instant of the invoice's, not of the printing.
        facts, sums: labels with their texts; the last of the sums is what is due.
        footer: what identifies the document: the invoice's id, and the hash of all it was rated from.
    """

    title: str
    number: str
    mark: str | None
    dated: datetime
    supplier: tuple[str, ...]
    customer: tuple[str, ...]
    facts: tuple[tuple[str, str], ...]
    currency: str
    lines: tuple[PrintedLine, ...]
    sums: tuple[tuple[str, str], ...]
    note: str
    footer: tuple[str, ...]


def printed(invoice: Invoice) -> PrintedInvoice:
    """A standard invoice whose lines are rated, as it is printed."""
    mark = mark_of(invoice)
    return PrintedInvoice(
        title="Invoice",
        number=invoice.number,
        mark=mark,
        dated=invoice.voided_at or invoice.issued_at or invoice.updated_at,
        supplier=_party(invoice.supplier),
        customer=_party(invoice.customer),
        facts=tuple(_facts(invoice, mark)),
        currency=invoice.currency,
        lines=tuple(_line(line) for line in invoice.lines),
        sums=tuple(_sums(invoice)),
        note=invoice.description or "",
        footer=(f"Invoice {invoice.id}", f"SHA-256 of what it was rated from: {invoice_hash(invoice)}"),
    )


def mark_of(invoice: Invoice) -> str | None:
    """What stands across the document; None: it is to be paid, or was."""
    if invoice.state is InvoiceState.VOIDED:
        return VOID
    if invoice.issued_at is not None:
        return None
    return DELETED if invoice.state is InvoiceState.DELETED else DRAFT


def money(amount: Decimal, code: str) -> str:
    """An amount of a document, in the currency's precision."""
    return _signed(f"{amount:,.{currency(code).exponent}f}")


def _facts(invoice: Invoice, mark: str | None) -> Iterator[tuple[str, str]]:
    yield "Invoice number", invoice.number
    yield "Status", (mark or "Issued").capitalize()
    if invoice.issued_at is not None:
        yield "Issued on", _date(invoice.issued_at)
    if invoice.due_at is not None and mark is None:
        yield "Due on", _date(invoice.due_at)
    if invoice.voided_at is not None:
        yield "Voided on", _date(invoice.voided_at)
    if invoice.period is not None:
        yield "Period", period_text(invoice.period)


def _party(party: Party) -> tuple[str, ...]:
    """Name, address, tax code: what is known of them."""
    address = party.address
    parts: list[str | None] = [party.name]
    if address is not None:
        town = " ".join(part for part in (address.postal_code, address.city) if part)
        parts += [address.line1, address.line2, town, address.state, address.country, address.phone_number]
    parts.append(party.tax_code and f"Tax code {party.tax_code}")
    return tuple(part for part in parts if part)


def _line(line: Line) -> PrintedLine:
    note = period_text(line.service_period)
    if line.is_metered and line.quantity is not None:
        note += f" \N{MIDDLE DOT} {plain(line.quantity)} used"
    if line.overage is not None:
        note += f" \N{MIDDLE DOT} {plain(line.overage.units)} {line.overage.currency} that credit left"
    net = money(_net(line.totals), line.currency)
    if len(line.detailed) == 1 and not line.detailed[0].discounts:
        [only] = line.detailed
        row = _row(only, line.currency)
        return PrintedLine(PrintedRow(line.name, net, row.quantity, row.unit_price), note)
    rows = (row for part in line.detailed for row in _rows(part, line.currency))
    return PrintedLine(PrintedRow(line.name, net), note, tuple(rows))


def _rows(part: DetailedLine, code: str) -> Iterator[PrintedRow]:
    yield _row(part, code)
    for reason, amount in part.discounts:
        yield PrintedRow(_TAKEN[reason], money(EXACT.minus(amount), code))


def _row(part: DetailedLine, code: str) -> PrintedRow:
    return PrintedRow(
        part.name, money(part.amount, code), plain(part.quantity), plain(part.per_unit_amount, currency(code).exponent)
    )


def _sums(invoice: Invoice) -> Iterator[tuple[str, str]]:
    totals, code = invoice.totals, invoice.currency
    if totals.discounts_total:
        yield "Before discounts", money(EXACT.add(totals.amount, totals.charges_total), code)
        yield "Discounts", money(EXACT.minus(totals.discounts_total), code)
    yield "Subtotal", money(_net(totals), code)
    if totals.credits_total:
        yield "Credits", money(EXACT.minus(totals.credits_total), code)
    if totals.taxes_exclusive_total:
        yield "Tax", money(totals.taxes_exclusive_total, code)
    if totals.taxes_inclusive_total:
        yield "Tax included above", money(totals.taxes_inclusive_total, code)
    yield "Total", f"{code} {money(totals.total, code)}"


def _net(totals: Totals) -> Decimal:
    """What is charged less discounts, before credits and taxes."""
    return EXACT.subtract(EXACT.add(totals.amount, totals.charges_total), totals.discounts_total)


def period_text(period: Period) -> str:
    """Both days of a period of whole days; else both instants, the end being outside."""
    start, end = period.start.astimezone(UTC), period.end.astimezone(UTC)
    if start.time() == end.time() == time():
        last = end - _MICROSECOND
        return _date(start) if start.date() == last.date() else f"{_date(start)} {_DASH} {_date(last)}"
    return f"{_date(start)} {start:%H:%M} {_DASH} {_date(end)} {end:%H:%M} UTC"


def plain(value: Decimal, decimals: int = 0) -> str:
    """All digits that count, and at least so many behind the point."""
    whole, _, fraction = f"{value:,f}".partition(".")
    kept = fraction.rstrip("0").ljust(decimals, "0")
    return _signed(f"{whole}.{kept}" if kept else whole)


def _signed(text: str) -> str:
    return text.replace("-", _MINUS)


def _date(at: datetime) -> str:
    """A day in UTC; its month in words, since nobody agrees on the order of numbers."""
    day = at.astimezone(UTC)
    return f"{day.day} {day:%B %Y}"
