from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, TypeVar

from meterhouse.kernel.rounding import EXACT, fits

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_Key = TypeVar("_Key", str, int)


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
    parts = _by_largest_remainder({key: steps * share for key, share in shares.items()}, steps)
    sign = -1 if total < 0 else 1
    return {key: EXACT.scaleb(Decimal(sign * part), -exponent) for key, part in parts.items()}


def rounded_together(amounts: Sequence[Decimal], exponent: int) -> list[Decimal]:
    """Round `amounts`, none below zero, to `exponent` digits so that they sum to their sum rounded half away from zero.

    Each is less than one step from what it was, and what needs no rounding stays. Up go the largest remainders,
    earlier ones first at a tie.
    """
    steps = {position: Fraction(amount) * Fraction(10) ** exponent for position, amount in enumerate(amounts)}
    parts = _by_largest_remainder(steps, int(sum(steps.values()) + Fraction(1, 2)))
    return [EXACT.scaleb(Decimal(part), -exponent) for part in parts.values()]


def _by_largest_remainder(exact: Mapping[_Key, Fraction], whole: int) -> dict[_Key, int]:
    """The parts cut to integers, those with the largest remainders one more, until they sum to `whole`."""
    parts = {key: int(part) for key, part in exact.items()}
    by_remainder = sorted(exact, key=lambda key: (parts[key] - exact[key], key))
    for key in by_remainder[: whole - sum(parts.values())]:
        parts[key] += 1
    return parts


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
