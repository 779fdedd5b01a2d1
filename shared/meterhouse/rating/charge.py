"""A part with all that the pipeline did to it: what becomes a detailed line, and what the trace tells of it."""

from decimal import Decimal
from typing import NamedTuple

from meterhouse.rating.amounts import Amount
from meterhouse.rating.line import AmountDiscount, Category, DetailedLine, DiscountReason
from meterhouse.rating.part import Part
from meterhouse.rating.usage import ONE, ZERO, Usage


class Charge(NamedTuple):
    """A part, its amount, and what was taken off: by percentage (`off`), and beyond the maximum (`over`)."""

    part: Part
    amount: Amount
    off: Decimal = ZERO
    over: Decimal = ZERO

    def line(self, usage: Usage) -> DetailedLine:
        part, value = self.part, self.amount.value
        return DetailedLine(
            part.key,
            part.name,
            value if part.is_lump else part.per_unit_amount,
            ONE if part.is_lump else part.quantity,
            value,
            part.payment_term,
            part.category,
            self.discounts(),
            usage.whole_period if part.category is Category.COMMITMENT else None,
        )

    def discounts(self) -> tuple[AmountDiscount, ...]:
        """What was taken off, in the order in which it was."""
        if not self.off and not self.over:
            return ()
        taken = ((DiscountReason.PERCENTAGE, self.off), (DiscountReason.MAXIMUM_SPEND, self.over))
        return tuple(AmountDiscount(reason, amount) for reason, amount in taken if amount)
