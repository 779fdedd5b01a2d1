"""What a full period costs at most and at least, counted over all lines that charge for it."""

from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from meterhouse.catalog.price import UNCOMMITTED
from meterhouse.kernel.rounding import round_fraction, round_half_away
from meterhouse.rating.conventions import CutPeriod
from meterhouse.rating.usage import ZERO, Usage


class Bounds(NamedTuple):
    """The commitments, rounded to the currency's precision; what earlier lines of the full period came to."""

    minimum: Decimal | None
    maximum: Decimal | None
    before: Decimal

    @property
    def room(self) -> Decimal | None:
        """What may still be charged before the maximum is reached; below zero where it was passed."""
        return None if self.maximum is None else self.maximum - self.before


_NONE = Bounds(None, None, ZERO)


def bounds_of(usage: Usage) -> Bounds:
    """The commitments of the price: of a cut period the whole, or its share where a convention says so."""
    committed = usage.price.commitments
    if committed is UNCOMMITTED:
        return _NONE
    exponent, least, most = usage.currency.exponent, committed.minimum, committed.maximum
    return Bounds(
        None if least is None else _bound(usage, least, exponent),
        None if most is None else _bound(usage, most, exponent),
        round_half_away(usage.amount_before, exponent) if usage.amount_before else ZERO,
    )


def over_maximum(net: Decimal, room: Decimal) -> Decimal:
    """What of an amount lies over the maximum, where `room` is left below it; all of the amount at most."""
    if net <= room or net <= 0:
        return ZERO
    return net - room if room > 0 else net


def _bound(usage: Usage, amount: Decimal, exponent: int) -> Decimal:
    if usage.conventions.commitments_of_a_cut_period is CutPeriod.WHOLE:
        return round_half_away(amount, exponent)
    return round_fraction(Fraction(amount) * usage.share, exponent)
