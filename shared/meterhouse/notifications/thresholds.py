"""Which threshold a balance is past, and whether that is new. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from meterhouse.kernel.errors import InvariantBroken
from meterhouse.kernel.repeats import repeats
from meterhouse.kernel.rounding import EXACT
from meterhouse.notifications.rule import Threshold, ThresholdType

_WHOLE = Decimal(100)


@dataclass(frozen=True, slots=True)
class Measured:
    """The balance of an entitlement at an instant.

    Attributes:
        remaining: what is left of its grants, reservations left aside: they are no usage, and pass no threshold.
        total_available: all that grants gave to the usage period.
    """

    entitlement_id: str
    feature_key: str
    at: datetime
    period_start: datetime
    remaining: Decimal
    usage: Decimal
    overage: Decimal
    total_available: Decimal


class Side(StrEnum):
    """What a threshold is held against; each is told of for itself."""

    USAGE = "usage"
    BALANCE = "balance"


@dataclass(frozen=True, slots=True)
class Told:
    """The threshold that a rule told of last in a usage period; `times` counts what it told in the period."""

    period_start: datetime
    threshold: Threshold
    times: int


def active(thresholds: Sequence[Threshold], measured: Measured) -> dict[Side, Threshold]:
    """Of the thresholds that the balance is past the most advanced one of each side.

    Past is beyond: a threshold that is just reached is not passed, but for a balance of 0. Where nothing was granted
    nothing is.

    Raises:
        InvariantBroken: something is left, and yet usage is not borne.
    """
    if measured.remaining > 0 and measured.overage > 0:
        raise InvariantBroken(f"balance and overage of {measured.entitlement_id} cannot be positive at the same time")
    if measured.total_available <= 0:
        return {}
    of_usage = [one for one in thresholds if not one.type.is_of_balance and level(one, measured) < measured.usage]
    of_balance = [one for one in thresholds if one.type.is_of_balance and _is_left_less(one, measured.remaining)]
    found: dict[Side, Threshold] = {}
    if of_usage:
        found[Side.USAGE] = max(of_usage, key=lambda one: level(one, measured))
    if of_balance:
        found[Side.BALANCE] = min(of_balance, key=lambda one: one.value)
    return found


def level(threshold: Threshold, measured: Measured) -> Decimal:
    """The threshold in units."""
    if not threshold.type.is_percentage:
        return threshold.value
    return EXACT.divide(EXACT.multiply(threshold.value, measured.total_available), _WHOLE)


def next_told(before: Told | None, threshold: Threshold, period_start: datetime) -> Told | None:
    """What is to be told, after what was told `before`; None: nothing new.

    Another threshold than the last one is news, a lower one after a grant, too; the same one is not, however often
    the balance comes back to it in one usage period.
    """
    if before is None or before.period_start < period_start:
        return Told(period_start, threshold, 1)
    if before.period_start > period_start or _is_same(before.threshold, threshold):
        return None
    return Told(period_start, threshold, before.times + 1)


def repeated(thresholds: Iterable[Threshold]) -> list[int]:
    """Where a list says what it said before."""
    return list(repeats(map(_key, thresholds)))


def _is_left_less(threshold: Threshold, remaining: Decimal) -> bool:
    return remaining < threshold.value or remaining == threshold.value == 0


def _is_same(one: Threshold, other: Threshold) -> bool:
    return _key(one) == _key(other)


def _key(threshold: Threshold) -> tuple[str, Decimal]:
    """`PERCENT` and `NUMBER` are other names of the same."""
    kind = threshold.type
    if kind.is_of_balance:
        return ThresholdType.BALANCE_VALUE, threshold.value
    return ThresholdType.USAGE_PERCENTAGE if kind.is_percentage else ThresholdType.USAGE_VALUE, threshold.value
