"""How a correction came about: each epoch rated again, what was booked, and the difference."""

import json
from collections.abc import Sequence
from decimal import Decimal, localcontext
from typing import NamedTuple

from meterhouse.kernel.period import Period
from meterhouse.kernel.rounding import EXACT
from meterhouse.rating.document import Document, line_to_document, period_to_document
from meterhouse.rating.line import DetailedLine, Totals
from meterhouse.rating.numerals import plain
from meterhouse.rating.subtract import position_of
from meterhouse.rating.trace import VERSION, Trace, digest, with_hash
from meterhouse.rating.trace_text import encoded, inputs_text
from meterhouse.rating.usage import ZERO, Usage


class Epoch(NamedTuple):
    """A service period of a full one, as it is known now.

    Attributes:
        quantity: metered units from the start of the full period to the end of this service period.
        booked: all detailed lines that charge for this service period so far, whichever line they stand on.
    """

    service_period: Period
    quantity: Decimal
    booked: tuple[DetailedLine, ...] = ()


class CorrectionTrace(NamedTuple):
    """All that had a say in a correction; written, like a line's trace, when it is asked for.

    Attributes:
        traces: of the full period up to the end of each epoch, rated as one line.
        lines: what is left to book.
    """

    usage: Usage
    epochs: Sequence[Epoch]
    traces: Sequence[Trace]
    lines: Sequence[DetailedLine]
    totals: Totals

    @property
    def canonical(self) -> str:
        """The trace as canonical JSON, with all that is needed to correct again and come to the same."""
        with localcontext(EXACT):
            return encoded(_content(self))

    @property
    def hash(self) -> str:
        """SHA-256 of the canonical JSON, in hex."""
        return digest(self.canonical)

    def document(self) -> Document:
        """The trace with its `hash`, to be stored and shown."""
        return with_hash(self.canonical)


def _content(trace: CorrectionTrace) -> Document:
    totals = trace.totals
    return {
        "version": VERSION,
        "inputs": json.loads(inputs_text(trace.usage)),
        "epochs": [
            {
                "service_period": period_to_document(epoch.service_period),
                "quantity": plain(epoch.quantity),
                "booked": [line_to_document(line, plain) for line in epoch.booked],
                "rated": rated.document(),
            }
            for epoch, rated in zip(trace.epochs, trace.traces, strict=True)
        ],
        "steps": [line_to_document(line, plain) | {"arithmetic": _arithmetic(trace, line)} for line in trace.lines],
        "rounding": {"exponent": trace.usage.currency.exponent},
        "totals": {
            "amount": plain(totals.amount),
            "charges": plain(totals.charges_total),
            "discounts": plain(totals.discounts_total),
            "total": plain(totals.total),
        },
    }


def _arithmetic(trace: CorrectionTrace, line: DetailedLine) -> str:
    at = line.service_period or trace.usage.service_period
    [epoch] = [epoch for epoch in trace.epochs if epoch.service_period == at]
    booked = sum((each.net for each in epoch.booked if position_of(each) == position_of(line)), ZERO)
    code = trace.usage.currency.code
    return f"{plain(booked + line.net)} due - {plain(booked)} booked = {plain(line.net)} {code}"
