"""The one place where digits are lost. Everything else computes in `EXACT`, which would rather raise."""

from __future__ import annotations

from decimal import (
    MAX_EMAX,
    MIN_EMIN,
    ROUND_CEILING,
    ROUND_FLOOR,
    ROUND_HALF_EVEN,
    ROUND_HALF_UP,
    Context,
    Decimal,
    DivisionByZero,
    Inexact,
    InvalidOperation,
)
from enum import StrEnum
from fractions import Fraction
from functools import lru_cache

# every number PostgreSQL's numeric holds: 131072 digits before the point, 16383 after it
_DIGITS = 131_072 + 16_383
_FAULTS = [InvalidOperation, DivisionByZero]

EXACT = Context(prec=_DIGITS, Emax=MAX_EMAX, Emin=MIN_EMIN, traps=[*_FAULTS, Inexact])
"""Arithmetic that never drops a digit (`decimal.Inexact` instead); the ambient context keeps only 28."""

_LOSSY = Context(prec=_DIGITS, Emax=MAX_EMAX, Emin=MIN_EMIN, traps=_FAULTS)
_HALF = Fraction(1, 2)


class Rounding(StrEnum):
    HALF_AWAY = ROUND_HALF_UP  # the decimal module's "half up" means away from zero, on both sides
    HALF_EVEN = ROUND_HALF_EVEN
    CEILING = ROUND_CEILING
    FLOOR = ROUND_FLOOR


def round_half_away(value: Decimal, exponent: int) -> Decimal:
    """Round to `exponent` digits after the point, halves away from zero: the rule for money."""
    if not value.is_finite():
        raise InvalidOperation(f"{value} cannot be rounded")
    rounded = value.quantize(_step(exponent), ROUND_HALF_UP, _LOSSY)
    return rounded or rounded.copy_abs()


def round_decimal(value: Decimal, exponent: int, mode: Rounding) -> Decimal:
    """Round to exactly `exponent` digits after the point; zero has no sign.

    `decimal.InvalidOperation` for NaN, infinity and results beyond 147 455 digits.
    """
    if not value.is_finite():
        raise InvalidOperation(f"{value} cannot be rounded")
    rounded = value.quantize(_step(exponent), mode.value, _LOSSY)
    return rounded or rounded.copy_abs()


def round_fraction(value: Fraction, exponent: int, mode: Rounding = Rounding.HALF_AWAY) -> Decimal:
    """Round an exact ratio once, as `round_decimal` would if its digits could all be written down."""
    steps, rest = divmod(value * Fraction(10) ** exponent, 1)
    # two more digits are enough to say on which side of the half the rest lies
    side = (rest > _HALF) - (rest < _HALF)
    digits = steps * 100 + (50 + 25 * side if rest else 0)
    return round_decimal(EXACT.scaleb(Decimal(digits), -exponent - 2), exponent, mode)


@lru_cache(maxsize=64)
def _step(exponent: int) -> Decimal:
    """One unit of the last digit kept."""
    return Decimal((0, (1,), -exponent))


def fits(value: Decimal, exponent: int) -> bool:
    """Whether `value` has no digit below `exponent` places, so that rounding would not change it."""
    return value == round_half_away(value, exponent)
