"""Whether what was billed still follows from what it was rated from, and whether usage has changed since."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from hashlib import sha256

from meterhouse.billing.collection import Missing
from meterhouse.billing.invoice import NOTHING, Invoice, Line
from meterhouse.kernel.rounding import EXACT
from meterhouse.rating.correction_trace import CorrectionTrace
from meterhouse.rating.line import DetailedLine, Totals
from meterhouse.rating.rerun import reproduces, rerun
from meterhouse.rating.trace import Trace, is_genuine

_RATED = ("amount", "charges_total", "discounts_total")
"""The totals that rating gives; credits and taxes come after it."""


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a line or an invoice is not verified."""

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class VerifiedLine:
    """A line beside what its inputs come to today.

    Attributes:
        again: its trace, rated again.
        used: what its meter counts today; None: nothing is metered.
    """

    line: Line
    again: Trace | CorrectionTrace
    faults: tuple[Fault, ...]
    used: Decimal | Missing | None = None

    @property
    def late(self) -> Decimal | None:
        """Units that were counted after usage was read, or no longer are; None where that is not known."""
        if self.line.quantity is None or not isinstance(self.used, Decimal):
            return None
        return EXACT.subtract(self.used, self.line.quantity)


@dataclass(frozen=True, slots=True)
class VerifiedInvoice:
    """All lines of an invoice, verified; `faults` are those of the invoice itself."""

    invoice: Invoice
    lines: tuple[VerifiedLine, ...]
    faults: tuple[Fault, ...]

    @property
    def is_verified(self) -> bool:
        return not self.faults and not any(line.faults for line in self.lines)


def verified_invoice(
    invoice: Invoice, used: Mapping[str, Decimal | Missing], units: Mapping[str, Line] | None = None
) -> VerifiedInvoice:
    """An invoice whose lines are rated.

    `used` is what is counted today, by line id; `units` are the lines whose units its overages charge for, by id.
    """
    lines = tuple(_with_units(verified_line(line, used.get(line.id)), units or {}) for line in invoice.lines)
    of_lines = sum((line.totals for line in invoice.lines), start=NOTHING)
    message = "the invoice's totals are not the sum of its lines'"
    # what was deleted before it was rated is given up for what its usage comes to later
    is_settled = invoice.deleted_at is not None or of_lines == invoice.totals
    faults = () if is_settled else (Fault("invoice_totals_differ", message),)
    return VerifiedInvoice(invoice, lines, faults)


def verified_line(line: Line, used: Decimal | Missing | None) -> VerifiedLine:
    """A rated line, and what its inputs come to today."""
    trace = line.trace or {}
    again = rerun(trace)
    return VerifiedLine(line, again, tuple(_faults(line, trace, again)), used)


def _with_units(found: VerifiedLine, units: Mapping[str, Line]) -> VerifiedLine:
    """An overage with the faults of the line in units, too: its units are what credit left of that."""
    overage = found.line.overage
    if overage is None:
        return found
    line = units.get(overage.line_id)
    if line is None or line.trace is None:
        fault = Fault("units_not_found", "the line is gone whose units it charges for")
        return replace(found, faults=(*found.faults, fault))
    again = verified_line(line, None)
    faults = [*found.faults, *(replace(one, message=f"{line.currency}: {one.message}") for one in again.faults)]
    if (line.totals.total, line.currency) != (overage.units, overage.currency):
        faults.append(Fault("units_differ", f"credit left {line.totals.total:f} {line.currency} of the line in units"))
    return replace(found, faults=tuple(faults))


def hash_of(line: Line) -> str:
    """The hash that the line's trace was stored with."""
    return str((line.trace or {}).get("hash", ""))


def invoice_hash(invoice: Invoice) -> str:
    """SHA-256 over the invoice's lines, by id, each with the hash of its trace: it stands for all their inputs."""
    parts = sorted(f"{line.id}:{hash_of(line)}" for line in invoice.lines)
    return sha256("\n".join((invoice.id, *parts)).encode()).hexdigest()


def _faults(line: Line, trace: Mapping[str, object], again: Trace | CorrectionTrace) -> Iterator[Fault]:
    if not is_genuine(trace):
        yield Fault("trace_not_genuine", "the stored trace is not what its hash was taken of")
    if not reproduces(trace):
        yield Fault("hash_differs", "rating the pinned inputs again does not come to the stored trace")
    if _rated(line.totals) != _rated(again.totals):
        yield Fault("totals_differ", "the line's totals are not what its pinned inputs come to")
    if sorted(map(_position, line.detailed)) != sorted(map(_position, again.lines)):
        yield Fault("detailed_lines_differ", "the detailed lines are not those that the pinned inputs come to")
    if not _is_of(line, again):
        yield Fault("inputs_differ", "price, currency, period or quantity of the line are not those it was rated from")


def _is_of(line: Line, again: Trace | CorrectionTrace) -> bool:
    """Whether a trace is this line's, and not one that verifies and belongs to another."""
    usage, card = again.usage, line.rate_card
    return (
        (usage.price, usage.discounts, usage.unit_config) == (card.price, card.discounts, card.unit_config)
        and (usage.currency.code, usage.service_period) == (line.currency, line.service_period)
        and line.quantity is not None
        and usage.quantity == EXACT.add(line.quantity, line.quantity_before)
    )


def _rated(totals: Totals) -> list[Decimal]:
    return [getattr(totals, name) for name in _RATED]


def _position(line: DetailedLine) -> tuple[str, str, Decimal, Decimal, Decimal, Decimal]:
    return line.key, line.category.value, line.per_unit_amount, line.quantity, line.amount, line.net
