"""What a void means for the lines: forgotten, or pending again."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal

from meterhouse.billing.invoice import NOTHING, Invoice, Line
from meterhouse.billing.reconcile import gathering_id, line_id

_DONE_WITHIN = timedelta(hours=1)
"""An app does what it is asked within a minute, or never: the rest is for clocks that differ. Later it was others."""


@dataclass(frozen=True, slots=True)
class Again:
    """The line is to be billed again; `invoice_at` None: as soon as it was."""

    invoice_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Voiding:
    """What happens to each line: None forgets it. `overrides` (by line id, as listed) go before `default`."""

    reason: str
    default: Again | None
    overrides: Mapping[str, Again | None]

    def of(self, line: Line) -> Again | None:
        return self.overrides.get(line.id, self.default)


@dataclass(frozen=True, slots=True)
class Wish:
    """How a caller wants an invoice voided, whose app may or may not have heard of it at `asked_at`."""

    voiding: Voiding
    asked_at: datetime

    def is_of(self, voided_at: datetime | None) -> bool:
        """Whether a void of this instant may be the one that was asked for; None: nobody knows when it was."""
        return voided_at is None or voided_at <= self.asked_at + _DONE_WITHIN


def reopened(invoice: Invoice, voiding: Voiding, now: datetime) -> tuple[list[Line], list[Line]]:
    """The lines that cease to be live, and the pending lines that take their place.

    Usage is read again of those of whom it was billed, whoever has these subjects by now.
    """
    pairs = [(line, again) for line in invoice.lines if line.is_live and (again := voiding.of(line)) is not None]
    closed = [replace(line, is_live=False, updated_at=now) for line, _ in pairs]
    return closed, [_again(line, invoice.subject_keys, again, now) for line, again in pairs]


def _again(line: Line, subjects: tuple[str, ...], again: Again, now: datetime) -> Line:
    revision = line.revision + 1
    return replace(
        line,
        id=line_id(line.key, line.service_period.start, revision),
        revision=revision,
        invoice_id=gathering_id(line.customer_id, line.currency),
        is_pending=True,
        invoice_at=again.invoice_at or line.invoice_at,
        subjects=line.subjects or subjects if line.is_metered else None,
        quantity=None,
        quantity_before=Decimal(0),
        totals=NOTHING,
        detailed=(),
        trace=None,
        credits=(),
        is_taxed=False,
        created_at=now,
        updated_at=now,
    )
