"""The burn-down: which grants bear which usage, and what is left. Pure; minute by minute, exact."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Stretch:
    """Time in which no grant begins, ends or recurs and nothing is reset: `[start, end)`, never empty.

    Attributes:
        period_start: where the usage period it lies in begins.
    """

    period_start: datetime
    start: datetime
    end: datetime


Usage = Callable[[Stretch], Decimal | None]
"""Usage in a stretch. Of a gauge (see `burn_down`) its last value in the stretch; None: it had none there."""


@dataclass(frozen=True, slots=True)
class Balance:
    """What is left at `at`, and how it came about in the usage period until then.

    Attributes:
        at: a whole minute.
        period_start: where the usage period begins.
        balances: what is left, by grant id; grants that are not named have nothing left.
        overage: usage that no grant could bear.
        usage: all usage since `period_start`; of a gauge its value.
        granted_usage: of it what grants bore.
        borne: of a gauge, by grant id, what each bears of its present value.
    """

    at: datetime
    period_start: datetime
    balances: Mapping[str, Decimal] = field(default_factory=dict)
    overage: Decimal = Decimal(0)
    usage: Decimal = Decimal(0)
    granted_usage: Decimal = Decimal(0)
    borne: Mapping[str, Decimal] = field(default_factory=dict)

    @property
    def remaining(self) -> Decimal:
        return sum(self.balances.values(), Decimal(0))

    @property
    def total_available(self) -> Decimal:
        """All that grants gave to this usage period: what they bore and what is left."""
        return self.granted_usage + self.remaining
