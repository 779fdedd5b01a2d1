"""Where the exact amounts of parts become amounts of money."""

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from meterhouse.kernel.allocation import rounded_together
from meterhouse.kernel.rounding import round_fraction, round_half_away
from meterhouse.rating.conventions import RoundingPoint
from meterhouse.rating.part import Part
from meterhouse.rating.usage import ZERO

_CUMULATIVE, _LINE = RoundingPoint.CUMULATIVE, RoundingPoint.LINE  # looked up once: this is the innermost loop


class Amount(NamedTuple):
    """What a part comes to.

    Attributes:
        exact: before rounding; a ratio only where it is prorated.
        value: rounded to the currency's precision.
        before: what earlier lines of the full period came to by the same part, where rounding is cumulative; else 0.
    """

    exact: Decimal | Fraction
    value: Decimal
    before: Decimal = ZERO


def amounts_of(parts: Sequence[Part], exponent: int, point: RoundingPoint) -> list[Amount]:
    """The amounts of a line's parts in the same order, rounded half away from zero to `exponent` digits.

    `parts` are multiplied in the ambient context: the pipeline runs in `kernel.rounding.EXACT`.
    """
    if point is _CUMULATIVE:
        return [_cumulative(part, exponent) for part in parts]
    each = [_by_itself(part, exponent) for part in parts]
    return _shared(each, exponent) if point is _LINE and len(each) > 1 else each


def _by_itself(part: Part, exponent: int) -> Amount:
    exact = part.per_unit_amount * part.quantity
    if part.share is None:
        return Amount(exact, round_half_away(exact, exponent))
    ratio = Fraction(exact) * part.share
    return Amount(ratio, round_fraction(ratio, exponent))


def _cumulative(part: Part, exponent: int) -> Amount:
    if not part.before:
        return _by_itself(part, exponent)
    price = part.per_unit_amount
    before = round_half_away(price * part.before, exponent)
    after = round_half_away(price * (part.before + part.quantity), exponent)
    return Amount(price * part.quantity, after - before, before)


def _shared(each: Sequence[Amount], exponent: int) -> list[Amount]:
    """The parts rounded together: they come to their sum, rounded once; the largest remainders go up."""
    exacts = [amount.exact for amount in each if isinstance(amount.exact, Decimal)]
    is_one_sided = all(exact >= 0 for exact in exacts) or all(exact <= 0 for exact in exacts)
    if len(exacts) < len(each) or not is_one_sided or not any(exacts):
        return list(each)
    values = rounded_together([abs(exact) for exact in exacts], exponent)
    return [Amount(exact, -value if exact < 0 else value) for exact, value in zip(exacts, values, strict=True)]
