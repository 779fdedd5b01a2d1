"""What goes into rating and what comes out of it."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from typing import TYPE_CHECKING

from meterhouse.catalog.price import PaymentTerm
from meterhouse.kernel.rounding import EXACT

if TYPE_CHECKING:
    from collections.abc import Iterable

    from meterhouse.catalog.price import Price
    from meterhouse.kernel.currency import Currency
    from meterhouse.kernel.period import Period
    from meterhouse.rating.trace import Trace

ZERO = Decimal(0)
WHOLE = Fraction(1)


class Category(StrEnum):
    REGULAR = "regular"
    COMMITMENT = "commitment"


@dataclass(frozen=True, slots=True)
class Usage:
    """What a line is rated from; nothing else has a say in its amounts. `ValueError` for an impossible one.

    Attributes:
        name: the line's name, which starts the names of its detailed lines.
        quantity: units used in the service period; a flat price ignores it.
        quantity_before: units of the same full period that earlier lines have charged.
        is_first: whether no earlier line charges for the same full period.
        is_last: whether no later line will.
        share: the part of the full period that is charged, 0 to 1; only flat prices are prorated.
    """

    name: str
    price: Price
    currency: Currency
    service_period: Period
    quantity: Decimal = ZERO
    quantity_before: Decimal = ZERO
    is_first: bool = True
    is_last: bool = True
    share: Fraction = WHOLE

    def __post_init__(self) -> None:
        if not 0 <= self.share <= 1:
            raise ValueError(f"a share lies between 0 and 1, not at {self.share}")
        if not (self.quantity.is_finite() and self.quantity_before.is_finite()):
            raise ValueError("a quantity is finite")

    @property
    def before(self) -> Decimal:
        """The cumulative quantity the line starts at; usage below zero counts as none."""
        return max(self.quantity_before, ZERO)

    @property
    def after(self) -> Decimal:
        """The cumulative quantity the line ends at; usage below zero counts as none."""
        return max(EXACT.add(self.quantity_before, self.quantity), ZERO)


@dataclass(frozen=True, slots=True)
class TierHit:
    """The tier a part falls in: above `over`, up to and including `up_to` (None: open end); `number` counts from 1."""

    number: int
    over: Decimal
    up_to: Decimal | None


@dataclass(frozen=True, slots=True)
class Part:
    """A detailed line before rounding: what a price type computes."""

    key: str
    name: str
    per_unit_amount: Decimal
    quantity: Decimal
    payment_term: PaymentTerm = PaymentTerm.IN_ARREARS
    share: Fraction = WHOLE
    tier: TierHit | None = None

    @property
    def exact(self) -> Decimal | Fraction:
        """The amount before rounding; a ratio only where it is prorated."""
        whole = EXACT.multiply(self.per_unit_amount, self.quantity)
        return whole if self.share == WHOLE else Fraction(whole) * self.share


@dataclass(frozen=True, slots=True)
class DetailedLine:
    """One position of a line; `key` tells it apart from the others of its line.

    Attributes:
        amount: `per_unit_amount` x `quantity`, rounded half away from zero at the currency's precision.
    """

    key: str
    name: str
    per_unit_amount: Decimal
    quantity: Decimal
    amount: Decimal
    payment_term: PaymentTerm
    category: Category = Category.REGULAR


@dataclass(frozen=True, slots=True)
class Totals:
    """Sums in one currency; `total` = `amount` - discounts + charges - credits + exclusive taxes."""

    amount: Decimal = ZERO
    charges_total: Decimal = ZERO
    discounts_total: Decimal = ZERO
    credits_total: Decimal = ZERO
    taxes_inclusive_total: Decimal = ZERO
    taxes_exclusive_total: Decimal = ZERO

    @property
    def taxes_total(self) -> Decimal:
        return EXACT.add(self.taxes_inclusive_total, self.taxes_exclusive_total)

    @property
    def total(self) -> Decimal:
        charged = EXACT.add(EXACT.subtract(self.amount, self.discounts_total), self.charges_total)
        return EXACT.add(EXACT.subtract(charged, self.credits_total), self.taxes_exclusive_total)

    def __add__(self, other: Totals) -> Totals:
        return Totals(
            EXACT.add(self.amount, other.amount),
            EXACT.add(self.charges_total, other.charges_total),
            EXACT.add(self.discounts_total, other.discounts_total),
            EXACT.add(self.credits_total, other.credits_total),
            EXACT.add(self.taxes_inclusive_total, other.taxes_inclusive_total),
            EXACT.add(self.taxes_exclusive_total, other.taxes_exclusive_total),
        )


@dataclass(frozen=True, slots=True)
class RatedLine:
    """Detailed lines, their totals, and how they came about."""

    detailed_lines: tuple[DetailedLine, ...]
    totals: Totals
    trace: Trace


def totals_of(lines: Iterable[DetailedLine]) -> Totals:
    """The totals of detailed lines; what fulfils a commitment counts as a charge."""
    amount = charges = ZERO
    for line in lines:
        if line.category is Category.COMMITMENT:
            charges = EXACT.add(charges, line.amount)
        else:
            amount = EXACT.add(amount, line.amount)
    return Totals(amount=amount, charges_total=charges)
