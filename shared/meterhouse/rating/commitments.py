"""What a full period costs at most and at least, counted over all lines that charge for it."""

from collections.abc import Iterable
from decimal import Decimal
from typing import NamedTuple

from meterhouse.kernel.rounding import round_fraction, round_half_away
from meterhouse.rating.amounts import Amount
from meterhouse.rating.conventions import CutPeriod
from meterhouse.rating.line import Category
from meterhouse.rating.part import Part
from meterhouse.rating.usage import ONE, WHOLE, ZERO, Usage


class Bounds(NamedTuple):
    """The commitments in money of the currency; what earlier lines of the full period came to."""

    minimum: Decimal | None
    maximum: Decimal | None
    before: Decimal


def bounds_of(usage: Usage) -> Bounds:
    """The commitments of the price, rounded; of a cut period the whole, or its share where a convention says so."""
    committed, before = usage.price.commitments, round_half_away(usage.amount_before, usage.currency.exponent)
    return Bounds(_bound(usage, committed.minimum), _bound(usage, committed.maximum), before)


def over_maximum(nets: Iterable[Decimal], bounds: Bounds) -> list[Decimal]:
    """What of each amount, in order, lies over the maximum, after what was charged before; all of it at most."""
    if bounds.maximum is None:
        return [ZERO for _ in nets]
    room, over = bounds.maximum - bounds.before, []
    for net in nets:
        excess = min(net, net - room) if net > room else ZERO
        over.append(max(excess, ZERO))
        room -= net - over[-1]
    return over


def to_minimum(usage: Usage, charged: Decimal, bounds: Bounds) -> tuple[Part, Amount] | None:
    """What the last line of a full period adds, where all lines came to less than the minimum.

    Args:
        usage: what is rated.
        charged: what the line itself came to, discounts taken off.
        bounds: the commitments.
    """
    if bounds.minimum is None or not usage.is_last:
        return None
    short = bounds.minimum - bounds.before - charged
    if short <= 0:
        return None
    name = f"{usage.name}: minimum spend"
    return Part("min-spend", name, short, ONE, category=Category.COMMITMENT), Amount(short, short)


def _bound(usage: Usage, amount: Decimal | None) -> Decimal | None:
    if amount is None:
        return None
    exponent = usage.currency.exponent
    if usage.share == WHOLE or usage.conventions.commitments_of_a_cut_period is CutPeriod.WHOLE:
        return round_half_away(amount, exponent)
    numerator, denominator = amount.as_integer_ratio()
    return round_fraction(usage.share * numerator / denominator, exponent)
