"""Detailed lines less detailed lines: what is left to book when a part of them was booked before."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import NamedTuple

from meterhouse.catalog.price import PaymentTerm
from meterhouse.rating.line import AmountDiscount, Category, DetailedLine, DiscountReason
from meterhouse.rating.numerals import plain
from meterhouse.rating.usage import ZERO

_REVERSAL = "#reversal:"


class Position(NamedTuple):
    """What lines must have in common to be told apart by quantity alone; another price is another position."""

    key: str
    category: Category
    payment_term: PaymentTerm
    per_unit_amount: Decimal


@dataclass(slots=True)
class _Sum:
    """What is left of a position."""

    line: DetailedLine
    quantity: Decimal = ZERO
    amount: Decimal = ZERO
    discounts: dict[DiscountReason, Decimal] = field(default_factory=dict)

    def add(self, line: DetailedLine, sign: int) -> None:
        self.quantity += sign * line.quantity
        self.amount += sign * line.amount
        for reason, amount in line.discounts:
            self.discounts[reason] = self.discounts.get(reason, ZERO) + sign * amount

    def difference(self, key: str) -> DetailedLine:
        taken = tuple(AmountDiscount(reason, amount) for reason, amount in self.discounts.items() if amount)
        return self.line._replace(key=key, quantity=self.quantity, amount=self.amount, discounts=taken)

    @property
    def is_nothing(self) -> bool:
        return not self.amount and not any(self.discounts.values())


def position_of(line: DetailedLine) -> Position:
    """Where a line belongs; a correction belongs where the line does that it corrects."""
    key = line.key.partition("@")[0].partition(_REVERSAL)[0]
    return Position(key, line.category, line.payment_term, line.per_unit_amount)


def subtracted(
    current: Iterable[DetailedLine], booked: Iterable[DetailedLine], priced: Iterable[DetailedLine]
) -> list[DetailedLine]:
    """What brings `booked` to `current`: differences in the order of `current`, then reversals of what is no more.

    Differences that change no amount and no discount are left out. Runs, as the pipeline does, in
    `kernel.rounding.EXACT`.

    Args:
        current: what it should come to.
        booked: what it came to so far, earlier corrections with it.
        priced: the lines as they are priced now; what stands at another price is keyed as a reversal.
    """
    sums: dict[Position, _Sum] = {}
    for lines, sign in ((current, 1), (booked, -1)):
        for line in lines:
            sums.setdefault(position_of(line), _Sum(line)).add(line, sign)
    standing = {position_of(line) for line in priced}
    return [
        left.difference(at.key if at in standing else f"{at.key}{_REVERSAL}{plain(at.per_unit_amount)}")
        for at, left in sums.items()
        if not left.is_nothing
    ]
