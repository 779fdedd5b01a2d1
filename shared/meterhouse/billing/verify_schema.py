"""Verified lines and invoices on the wire."""

from decimal import Decimal

from meterhouse.billing.collection import Missing
from meterhouse.billing.verification import Fault, VerifiedInvoice, VerifiedLine, hash_of, invoice_hash
from meterhouse.platform.wire import Numeric, Ulid, Wire
from meterhouse.rating.line import Totals


class FaultWire(Wire):
    code: str
    message: str


class RatedTotals(Wire):
    """What rating gives: credits and taxes come after it."""

    amount: Numeric
    charges_total: Numeric
    discounts_total: Numeric


class HashesWire(Wire):
    billed: str
    again: str


class RatedTwice(Wire):
    billed: RatedTotals
    again: RatedTotals


class UsageSince(Wire):
    """`late`: units counted now that were not when usage was read; below zero: some no longer count."""

    billed: Numeric
    now: Numeric | None = None
    late: Numeric | None = None
    message: str


class VerifiedLineWire(Wire):
    """`verified`: rating the pinned inputs again comes to what was billed. Late usage does not change that."""

    line_id: Ulid
    key: str
    name: str
    verified: bool
    faults: list[FaultWire]
    hashes: HashesWire
    totals: RatedTwice
    usage: UsageSince | None = None


class VerifiedInvoiceWire(Wire):
    """`hash` is over the hashes of all lines: it stands for everything that the invoice was rated from."""

    invoice_id: Ulid
    number: str
    verified: bool
    hash: str
    faults: list[FaultWire]
    lines: list[VerifiedLineWire]


def verified_invoice_to_wire(found: VerifiedInvoice) -> VerifiedInvoiceWire:
    return VerifiedInvoiceWire(
        invoice_id=found.invoice.id,
        number=found.invoice.number,
        verified=found.is_verified,
        hash=invoice_hash(found.invoice),
        faults=[_fault(fault) for fault in found.faults],
        lines=[verified_line_to_wire(line) for line in found.lines],
    )


def verified_line_to_wire(found: VerifiedLine) -> VerifiedLineWire:
    line = found.line
    return VerifiedLineWire(
        line_id=line.id,
        key=line.key,
        name=line.name,
        verified=not found.faults,
        faults=[_fault(fault) for fault in found.faults],
        hashes=HashesWire(billed=hash_of(line), again=found.again.hash),
        totals=RatedTwice(billed=_totals(line.totals), again=_totals(found.again.totals)),
        usage=_usage(found),
    )


def _usage(found: VerifiedLine) -> UsageSince | None:
    quantity, used, late = found.line.quantity, found.used, found.late
    if quantity is None or used is None:
        return None
    if isinstance(used, Missing):
        return UsageSince(billed=quantity, message=f"usage cannot be read now: {used.message}")
    return UsageSince(billed=quantity, now=used, late=late, message=_told(late or Decimal(0)))


def _told(late: Decimal) -> str:
    if not late:
        return "the meter counts what was billed"
    if late > 0:
        return f"usage arrived late: {late:f} more than was billed"
    return f"{-late:f} less is counted now than was billed"


def _fault(fault: Fault) -> FaultWire:
    return FaultWire(code=fault.code, message=fault.message)


def _totals(totals: Totals) -> RatedTotals:
    return RatedTotals(**{name: getattr(totals, name) for name in RatedTotals.model_fields})
