"""What comes out of rating."""

from __future__ import annotations

from decimal import Decimal, localcontext
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from meterhouse.kernel.rounding import EXACT

if TYPE_CHECKING:
    from collections.abc import Iterable

    from meterhouse.catalog.price import PaymentTerm
    from meterhouse.kernel.period import Period
    from meterhouse.rating.trace import Trace

ZERO = Decimal(0)


class Category(StrEnum):
    REGULAR = "regular"
    COMMITMENT = "commitment"


_COMMITMENT = Category.COMMITMENT


class DiscountReason(StrEnum):
    PERCENTAGE = "ratecard_percentage"
    MAXIMUM_SPEND = "maximum_spend"


class AmountDiscount(NamedTuple):
    """What is taken off a detailed line, rounded like its amount."""

    reason: DiscountReason
    amount: Decimal


class DetailedLine(NamedTuple):
    """One position of a line; `key` tells it apart from the others of its line.

    Attributes:
        amount: `per_unit_amount` x `quantity`, rounded half away from zero at the currency's precision, unless a
            convention rounds elsewhere.
        discounts: taken off the amount; at most one for each reason.
        service_period: what it charges for, where that is not what its line charges for.
        credits: what prepaid credit bears of it; rating knows none, a room above takes it off.
        taxes_inclusive: what of the amount is tax; as with credits, a room above says so.
        taxes_exclusive: what tax comes on top of it.
    """

    key: str
    name: str
    per_unit_amount: Decimal
    quantity: Decimal
    amount: Decimal
    payment_term: PaymentTerm
    category: Category = Category.REGULAR
    discounts: tuple[AmountDiscount, ...] = ()
    service_period: Period | None = None
    credits: Decimal = ZERO
    taxes_inclusive: Decimal = ZERO
    taxes_exclusive: Decimal = ZERO

    @property
    def net(self) -> Decimal:
        """The amount less its discounts, before credits."""
        left = self.amount
        for discount in self.discounts:
            left = EXACT.subtract(left, discount.amount)
        return left


class Totals(NamedTuple):
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
    def charged(self) -> Decimal:
        """Before credits and taxes."""
        return EXACT.add(EXACT.subtract(self.amount, self.discounts_total), self.charges_total)

    @property
    def total(self) -> Decimal:
        return EXACT.add(EXACT.subtract(self.charged, self.credits_total), self.taxes_exclusive_total)

    def __add__(self, other: Totals) -> Totals:  # type: ignore[override] # what is added are sums, not tuples
        if self is NO_TOTALS:
            return other
        if other is NO_TOTALS:
            return self
        return Totals(*map(EXACT.add, self, other))


NO_TOTALS = Totals()
"""Where sums start, and what a line has that is not rated yet."""


class RatedLine(NamedTuple):
    """Detailed lines in the order in which discounts, and later credits, are used up; their totals; their trace."""

    detailed_lines: tuple[DetailedLine, ...]
    totals: Totals
    trace: Trace


def totals_of(lines: Iterable[DetailedLine]) -> Totals:
    """The totals of detailed lines; what fulfils a commitment counts as a charge."""
    with localcontext(EXACT):
        return summed(lines)


def summed(lines: Iterable[DetailedLine]) -> Totals:
    """`totals_of`, for who already computes in `kernel.rounding.EXACT`."""
    amount = charges = discounts = credits_ = inclusive = exclusive = ZERO
    for line in lines:
        credits_ += line.credits
        inclusive += line.taxes_inclusive
        exclusive += line.taxes_exclusive
        if line.category is _COMMITMENT:
            charges += line.amount
        else:
            amount += line.amount
        for discount in line.discounts:
            discounts += discount.amount
    return Totals(amount, charges, discounts, credits_, inclusive, exclusive)
