"""Usage that arrives late, or is taken back: the full period is rated again, and what was booked is subtracted.

Rounding is corrected with it: what is booked in the end is what one rating of the whole comes to.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from decimal import localcontext
from typing import NamedTuple

from meterhouse.catalog.price import FlatPrice, Price
from meterhouse.kernel.errors import InvariantBroken
from meterhouse.kernel.rounding import EXACT
from meterhouse.rating.correction_trace import CorrectionTrace, Epoch
from meterhouse.rating.line import DetailedLine, Totals, summed
from meterhouse.rating.rate import rate
from meterhouse.rating.subtract import subtracted
from meterhouse.rating.usage import ZERO, Usage


class Correction(NamedTuple):
    """The lines that are left to book, their totals, and how they came about."""

    detailed_lines: tuple[DetailedLine, ...]
    totals: Totals
    trace: CorrectionTrace


def rate_delta(usage: Usage, booked: Sequence[DetailedLine]) -> Correction:
    """What is left to book of a full period, all of it on the line's own service period.

    Args:
        usage: `quantity` is that of the full period up to now; `is_last`: whether it is over, and a minimum due.
        booked: all detailed lines of the full period so far, those of earlier corrections with them.
    """
    return rate_late(usage, [Epoch(usage.service_period, usage.quantity, tuple(booked))])


def rate_late(usage: Usage, epochs: Sequence[Epoch]) -> Correction:
    """What is left to book of a full period, each correction on the service period that it belongs to.

    Args:
        usage: `quantity` is that of the full period up to now; `is_last`: whether it is over, and a minimum due.
        epochs: the service periods so far, in order, the last of them the line's own.

    Raises:
        InvariantBroken: the last epoch is not what `usage` is for.
    """
    if not epochs or (epochs[-1].service_period, epochs[-1].quantity) != (usage.service_period, usage.quantity):
        raise InvariantBroken("the last epoch is the service period and the quantity that are rated")
    with localcontext(EXACT):
        rated = [rate(_cumulative(usage, epoch, is_final=epoch is epochs[-1] and usage.is_last)) for epoch in epochs]
        due = _due([_dated(line.detailed_lines, epoch) for line, epoch in zip(rated, epochs, strict=True)])
        now = rated[-1].detailed_lines
        lines = tuple(
            _placed(line, epoch, usage) for epoch in epochs for line in subtracted(_of(epoch, due), epoch.booked, now)
        )
        totals = summed(lines)
    traces = tuple(line.trace for line in rated)
    return Correction(lines, totals, CorrectionTrace(usage, tuple(epochs), traces, lines, totals))


def _cumulative(usage: Usage, epoch: Epoch, *, is_final: bool) -> Usage:
    """The full period up to the end of an epoch, as if one line charged for it; its minimum only once it is over."""
    return replace(
        usage,
        service_period=epoch.service_period,
        quantity=epoch.quantity,
        quantity_before=ZERO,
        amount_before=ZERO,
        is_first=True,
        is_last=True,
        price=usage.price if is_final else _without_minimum(usage.price),
    )


def _without_minimum(price: Price) -> Price:
    if isinstance(price, FlatPrice) or price.commitments.minimum is None:
        return price
    return replace(price, commitments=replace(price.commitments, minimum=None))


def _due(rated: Iterable[Sequence[DetailedLine]]) -> list[DetailedLine]:
    """What each epoch adds to those before it; what it takes back stays where it came from."""
    due: list[DetailedLine] = []
    for lines in rated:
        due += subtracted(lines, due, lines)
    return due


def _dated(lines: Iterable[DetailedLine], epoch: Epoch) -> list[DetailedLine]:
    return [line._replace(service_period=epoch.service_period) for line in lines]


def _of(epoch: Epoch, due: Iterable[DetailedLine]) -> list[DetailedLine]:
    return [line for line in due if line.service_period == epoch.service_period]


def _placed(line: DetailedLine, epoch: Epoch, usage: Usage) -> DetailedLine:
    """A line of an earlier service period says which in its key, too, beside others of the same price."""
    if epoch.service_period == usage.service_period:
        return line._replace(service_period=None)
    return line._replace(key=f"{line.key}@{epoch.service_period}", service_period=epoch.service_period)
