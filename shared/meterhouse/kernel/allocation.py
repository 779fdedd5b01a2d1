from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING

from meterhouse.kernel.rounding import EXACT, fits

if TYPE_CHECKING:
    from collections.abc import Sequence


def allocate(total: Decimal, weights: Sequence[tuple[str, Decimal]], exponent: int) -> dict[str, Decimal]:
    """Divide `total` by weight into parts of `exponent` digits after the point, by largest remainder.

    The parts sum to `total` exactly and do not depend on the order of `weights`: equal remainders go to the
    smaller key. A negative total mirrors the positive one. `ValueError` for no positive weight, a negative
    weight, a repeated key, or a total finer than the step.
    """
    shares = _shares(weights)
    if not fits(total, exponent):
        raise ValueError(f"{total} has more than {exponent} digits after the point")
    steps = int(abs(Fraction(total)) * Fraction(10) ** exponent)
    exact = {key: steps * share for key, share in shares.items()}
    parts = {key: int(part) for key, part in exact.items()}
    by_remainder = sorted(exact, key=lambda key: (parts[key] - exact[key], key))
    for key in by_remainder[: steps - sum(parts.values())]:
        parts[key] += 1
    sign = -1 if total < 0 else 1
    return {key: EXACT.scaleb(Decimal(sign * part), -exponent) for key, part in parts.items()}


def _shares(weights: Sequence[tuple[str, Decimal]]) -> dict[str, Fraction]:
    by_key = {key: Fraction(weight) for key, weight in weights}
    if len(by_key) != len(weights):
        raise ValueError("a key is given twice")
    if any(weight < 0 for weight in by_key.values()):
        raise ValueError("a weight is negative")
    whole = sum(by_key.values())
    if not whole:
        raise ValueError("no weight is above zero")
    return {key: weight / whole for key, weight in by_key.items()}
