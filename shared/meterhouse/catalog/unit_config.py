"""What is metered in one unit and sold in another: bytes as gigabytes, milliseconds as hours."""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction

from meterhouse.kernel.rounding import EXACT, Rounding, round_fraction

DECIMALS = 18
"""How many digits behind the point a quotient that never ends keeps: as many as metered values have."""


class Operation(StrEnum):
    DIVIDE = "divide"
    MULTIPLY = "multiply"


class UnitRounding(StrEnum):
    CEILING = "ceiling"
    FLOOR = "floor"
    HALF_UP = "half_up"
    NONE = "none"


_MODES = {
    UnitRounding.CEILING: Rounding.CEILING,
    UnitRounding.FLOOR: Rounding.FLOOR,
    UnitRounding.HALF_UP: Rounding.HALF_AWAY,
}


@dataclass(frozen=True, slots=True)
class UnitConfig:
    """How metered units become sold ones; the contract's UnitConfig. `ValueError` for a factor that is not above zero.

    Attributes:
        precision: digits behind the point that `rounding` leaves; without rounding all are kept.
        display_unit: what the sold unit is called.
    """

    operation: Operation
    conversion_factor: Decimal
    rounding: UnitRounding = UnitRounding.NONE
    precision: int = 0
    display_unit: str | None = None

    def __post_init__(self) -> None:
        if not (self.conversion_factor.is_finite() and self.conversion_factor > 0):
            raise ValueError("conversion_factor must be greater than zero")

    def converted(self, metered: Decimal) -> Decimal:
        """The quantity in sold units before rounding: what entitlements count.

        A quotient is kept exactly up to `DECIMALS` digits behind the point, half away from zero beyond.
        """
        if self.operation is Operation.MULTIPLY:
            return EXACT.multiply(metered, self.conversion_factor)
        return _plain(round_fraction(self._quotient(metered), DECIMALS))

    def invoiced(self, metered: Decimal) -> Decimal:
        """The quantity in sold units, rounded once from the exact ratio: what invoices charge."""
        mode = _MODES.get(self.rounding)
        if mode is None:
            return self.converted(metered)
        return round_fraction(self._quotient(metered), self.precision, mode)

    def _quotient(self, metered: Decimal) -> Fraction:
        factor = Fraction(self.conversion_factor)
        return Fraction(metered) / factor if self.operation is Operation.DIVIDE else Fraction(metered) * factor


def _plain(value: Decimal) -> Decimal:
    """Without the zeros that rounding left behind the point."""
    whole = value.to_integral_value(context=EXACT)
    return whole if value == whole else EXACT.normalize(value)
