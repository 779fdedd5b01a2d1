"""From what was metered to what is charged: unit conversion, whole units, free units.

Every step works on cumulative quantities of the full period, and a line charges the difference of two. So lines of a
split period never round up, or give away, more than one line would.
"""

from collections.abc import Iterator
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple

from meterhouse.kernel.rounding import Rounding, round_decimal
from meterhouse.rating.conventions import Fractions
from meterhouse.rating.usage import ZERO, Usage


class Step(StrEnum):
    METERED = "metered"
    UNIT_CONVERSION = "unit_conversion"
    WHOLE_UNITS = "whole_units"
    USAGE_DISCOUNT = "usage_discount"


class Quantities(NamedTuple):
    """Units of the full period up to where the line starts and up to where it ends, after a step."""

    step: Step
    before: Decimal
    after: Decimal

    @property
    def of_line(self) -> Decimal:
        return self.after - self.before


def quantities_of(usage: Usage) -> list[Quantities]:
    """The steps that apply, in their order; the last has the quantities that the price is for.

    Usage below zero counts as none, at both ends.
    """
    return list(_steps(usage))


def _steps(usage: Usage) -> Iterator[Quantities]:
    before = ZERO if usage.is_charged_at_the_end else max(usage.quantity_before, ZERO)
    after = max(usage.quantity_before + usage.quantity, ZERO)
    yield Quantities(Step.METERED, before, after)
    if (config := usage.unit_config) is not None:
        before, after = config.invoiced(before), config.invoiced(after)
        yield Quantities(Step.UNIT_CONVERSION, before, after)
    if usage.conventions.fractions is not Fractions.KEPT:
        mode = Rounding.CEILING if usage.conventions.fractions is Fractions.ROUNDED_UP else Rounding.FLOOR
        before, after = round_decimal(before, 0, mode), round_decimal(after, 0, mode)
        yield Quantities(Step.WHOLE_UNITS, before, after)
    if (free := usage.discounts.usage) is not None:
        before, after = max(before - free, ZERO), max(after - free, ZERO)
        yield Quantities(Step.USAGE_DISCOUNT, before, after)
