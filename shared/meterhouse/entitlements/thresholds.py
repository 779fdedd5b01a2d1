"""Thresholds of a balance, and their crossings: once for each time a threshold is passed in a usage period. Pure."""

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from meterhouse.entitlements.balance import Balance
from meterhouse.entitlements.entitlement import Entitlement
from meterhouse.kernel.rounding import EXACT

_WHOLE = Decimal(100)
_NUMBER = re.compile(r"\d+(?:\.\d+)?", re.ASCII)


class ThresholdKind(StrEnum):
    USAGE_PERCENTAGE = "usage_percentage"
    USAGE_VALUE = "usage_value"
    BALANCE_VALUE = "balance_value"

    @property
    def is_of_usage(self) -> bool:
        """Whether it is passed upwards, by usage; the others are passed downwards."""
        return self is not ThresholdKind.BALANCE_VALUE


@dataclass(frozen=True, slots=True)
class Threshold:
    """A level that somebody wants to hear of; `value` in units, or in per cent of what a period has available."""

    kind: ThresholdKind
    value: Decimal

    def __str__(self) -> str:
        return f"{self.kind}:{EXACT.normalize(self.value):f}"

    @classmethod
    def parse(cls, text: str) -> "Threshold":
        """What `str` wrote."""
        kind, _, value = text.partition(":")
        return cls(ThresholdKind(kind), Decimal(value))

    def is_crossed(self, balance: Balance) -> bool:
        """Whether the balance is past the threshold; one that it just reaches is not, but for 100 %.

        Where nothing was granted there is no share of it, and no balance that could fall.
        """
        match self.kind:
            case ThresholdKind.USAGE_VALUE:
                return balance.usage > self.value
            case ThresholdKind.BALANCE_VALUE:
                return balance.total_available > 0 and balance.remaining < self.value
        used, level = EXACT.multiply(balance.usage, _WHOLE), EXACT.multiply(self.value, balance.total_available)
        is_past = used >= level if self.value == _WHOLE else used > level
        return balance.total_available > 0 and is_past

    def level(self, balance: Balance) -> Decimal:
        """The threshold in units."""
        if self.kind is not ThresholdKind.USAGE_PERCENTAGE:
            return self.value
        return EXACT.divide(EXACT.multiply(self.value, balance.total_available), _WHOLE)


@dataclass(frozen=True, slots=True)
class Crossing:
    """The `nth` time (from 1) that a threshold was passed in a usage period; over since `ended_at`, None: not yet."""

    threshold: Threshold
    nth: int
    crossed_at: datetime
    ended_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """What a new balance makes of the crossings of its usage period."""

    begun: tuple[Crossing, ...] = ()
    ended: tuple[Crossing, ...] = ()


@dataclass(frozen=True, slots=True)
class EveryThreshold:
    """The same thresholds for every entitlement, until somebody's rules bring their own."""

    thresholds: Sequence[Threshold]

    def of(self, _namespace: str, _entitlement: Entitlement) -> Sequence[Threshold]:
        return self.thresholds


def crossed(thresholds: Iterable[Threshold], balance: Balance) -> list[Threshold]:
    """Those that the balance is past, each once, in their order."""
    return [threshold for threshold in dict.fromkeys(thresholds) if threshold.is_crossed(balance)]


def leading(thresholds: Iterable[Threshold], balance: Balance) -> set[Threshold]:
    """Of the thresholds that the balance is past the most advanced: at most one of usage and one of the balance."""
    past = crossed(thresholds, balance)
    of_usage = max((one for one in past if one.kind.is_of_usage), key=lambda one: one.level(balance), default=None)
    of_balance = min((one for one in past if not one.kind.is_of_usage), key=lambda one: one.value, default=None)
    return {one for one in (of_usage, of_balance) if one is not None}


def changed(known: Collection[Crossing], past: Collection[Threshold], at: datetime) -> Change:
    """What begins and what ends, when at `at` the balance is past the thresholds `past`.

    Args:
        known: all crossings of the balance's usage period until now.
        past: the thresholds that the balance is past.
        at: when the balance was looked at.
    """
    is_open = {crossing.threshold for crossing in known if crossing.ended_at is None}
    times = {threshold: sum(crossing.threshold == threshold for crossing in known) for threshold in past}
    return Change(
        begun=tuple(Crossing(one, times[one] + 1, at) for one in dict.fromkeys(past) if one not in is_open),
        ended=tuple(replace(one, ended_at=at) for one in known if one.ended_at is None and one.threshold not in past),
    )


def percentages(text: str) -> list[Threshold]:
    """Thresholds of usage from a setting such as "50, 75, 90, 100".

    Raises:
        ValueError: a part is no number above 0.
    """
    parts = [part.strip() for part in text.split(",")] if text.strip() else []
    if not all(_NUMBER.fullmatch(part) and Decimal(part) > 0 for part in parts):
        raise ValueError(f"percentages are numbers above 0, not {text!r}")
    return [Threshold(ThresholdKind.USAGE_PERCENTAGE, Decimal(part)) for part in parts]
