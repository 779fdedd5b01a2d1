"""From what was metered to what is charged: unit conversion, whole units, free units.

Every step works on cumulative quantities of the full period, and a line charges the difference of two. So lines of a
split period never round up, or give away, more than one line would.
"""

from collections.abc import Sequence
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple

from meterhouse.catalog.price import DynamicPrice
from meterhouse.catalog.unit_config import UnitConfig
from meterhouse.kernel.rounding import EXACT, Rounding, round_decimal
from meterhouse.rating.conventions import Fractions
from meterhouse.rating.usage import ZERO, Usage


class Step(StrEnum):
    METERED = "metered"
    UNIT_CONVERSION = "unit_conversion"
    WHOLE_UNITS = "whole_units"
    USAGE_DISCOUNT = "usage_discount"


# members of an enumeration are slow to look up, and every line of an invoice run comes by here
_METERED, _KEPT, _UP = Step.METERED, Fractions.KEPT, Fractions.ROUNDED_UP


class Quantities(NamedTuple):
    """Units of the full period up to where the line starts and up to where it ends, after a step."""

    step: Step
    before: Decimal
    after: Decimal

    @property
    def of_line(self) -> Decimal:
        """The units of the line alone."""
        return EXACT.subtract(self.after, self.before)

    def less(self, other: "Quantities") -> "Quantities":
        """What this step took from an earlier one: the units that it made free."""
        before, after = EXACT.subtract(other.before, self.before), EXACT.subtract(other.after, self.after)
        return Quantities(self.step, before, after)


def quantities_of(usage: Usage) -> list[Quantities]:
    """The steps that apply, in their order; the last has the quantities that the price is for.

    Usage below zero counts as none, at both ends. What a dynamic price is for is money, which has no whole units.
    """
    before = ZERO if usage.is_charged_at_the_end else max(usage.quantity_before, ZERO)
    steps = [Quantities(_METERED, before, max(EXACT.add(usage.quantity_before, usage.quantity), ZERO))]
    if usage.unit_config is not None:
        steps.append(_converted(steps[-1], usage.unit_config))
    if usage.conventions.fractions is not _KEPT and not isinstance(usage.price, DynamicPrice):
        steps.append(_whole(steps[-1], usage.conventions.fractions))
    if usage.discounts.usage is not None:
        steps.append(_less_free(steps[-1], usage.discounts.usage))
    return steps


def free_units(steps: Sequence[Quantities]) -> Quantities | None:
    """Units that a usage discount gave away; None where there is no such discount."""
    return steps[-1].less(steps[-2]) if steps[-1].step is Step.USAGE_DISCOUNT else None


def _converted(metered: Quantities, config: UnitConfig) -> Quantities:
    return Quantities(Step.UNIT_CONVERSION, config.invoiced(metered.before), config.invoiced(metered.after))


def _whole(given: Quantities, fractions: Fractions) -> Quantities:
    mode = Rounding.CEILING if fractions is _UP else Rounding.FLOOR
    return Quantities(Step.WHOLE_UNITS, round_decimal(given.before, 0, mode), round_decimal(given.after, 0, mode))


def _less_free(given: Quantities, free: Decimal) -> Quantities:
    before, after = EXACT.subtract(given.before, free), EXACT.subtract(given.after, free)
    return Quantities(Step.USAGE_DISCOUNT, max(before, ZERO), max(after, ZERO))
