from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from functools import total_ordering
from typing import TYPE_CHECKING

from meterhouse.kernel.rounding import EXACT, round_fraction, round_half_away

if TYPE_CHECKING:
    from fractions import Fraction

    from meterhouse.kernel.currency import Currency


class CurrencyMismatch(ValueError):  # noqa: N818 - named as the errors of the kernel are
    """Two currencies met in one sum or comparison."""


@total_ordering
@dataclass(frozen=True, slots=True)
class Money:
    """An exact amount of one currency, of any precision until `rounded`.

    Takes `Decimal` or `int`; `TypeError` for floats and bools, `ValueError` for NaN and infinities. Sum with
    `sum(amounts, zero(currency))`. Two currencies are unequal; adding or ordering them is `CurrencyMismatch`.
    """

    amount: Decimal
    currency: Currency

    def __post_init__(self) -> None:
        object.__setattr__(self, "amount", _exact(self.amount))

    def __add__(self, other: Money) -> Money:
        if not isinstance(other, Money):
            return NotImplemented
        return Money(EXACT.add(self.amount, self._same_currency(other)), self.currency)

    def __sub__(self, other: Money) -> Money:
        if not isinstance(other, Money):
            return NotImplemented
        return Money(EXACT.subtract(self.amount, self._same_currency(other)), self.currency)

    def __neg__(self) -> Money:
        return Money(EXACT.minus(self.amount), self.currency)

    def __mul__(self, factor: Decimal | int) -> Money:
        return Money(EXACT.multiply(self.amount, _exact(factor)), self.currency)

    __rmul__ = __mul__

    def __lt__(self, other: Money) -> bool:
        if not isinstance(other, Money):
            return NotImplemented
        return self.amount < self._same_currency(other)

    def __bool__(self) -> bool:
        return bool(self.amount)

    def rounded(self) -> Money:
        """Round to the currency's precision, halves away from zero."""
        return Money(round_half_away(self.amount, self.currency.exponent), self.currency)

    def prorated(self, share: Fraction) -> Money:
        """Return `share` of this amount, rounded once, as `rounded` does."""
        amount, scale = self.amount.as_integer_ratio()
        return Money(round_fraction(share * amount / scale, self.currency.exponent), self.currency)

    def _same_currency(self, other: Money) -> Decimal:
        if other.currency != self.currency:
            raise CurrencyMismatch(f"{self.currency.code} and {other.currency.code} do not mix")
        return other.amount


@total_ordering
@dataclass(frozen=True, slots=True)
class CreditUnits:
    """An exact number of credit units; not money, and never mixed with it."""

    amount: Decimal

    def __post_init__(self) -> None:
        object.__setattr__(self, "amount", _exact(self.amount))

    def __add__(self, other: CreditUnits) -> CreditUnits:
        if not isinstance(other, CreditUnits):
            return NotImplemented
        return CreditUnits(EXACT.add(self.amount, other.amount))

    def __sub__(self, other: CreditUnits) -> CreditUnits:
        if not isinstance(other, CreditUnits):
            return NotImplemented
        return CreditUnits(EXACT.subtract(self.amount, other.amount))

    def __neg__(self) -> CreditUnits:
        return CreditUnits(EXACT.minus(self.amount))

    def __mul__(self, factor: Decimal | int) -> CreditUnits:
        return CreditUnits(EXACT.multiply(self.amount, _exact(factor)))

    __rmul__ = __mul__

    def __lt__(self, other: CreditUnits) -> bool:
        if not isinstance(other, CreditUnits):
            return NotImplemented
        return self.amount < other.amount

    def __bool__(self) -> bool:
        return bool(self.amount)


def zero(currency: Currency) -> Money:
    return Money(Decimal(0), currency)


def _exact(value: object) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, Decimal | int):
        raise TypeError(f"an amount is a Decimal, not {type(value).__name__}")
    exact = Decimal(value)
    if not exact.is_finite():
        raise ValueError(f"an amount is finite, not {exact}")
    return exact or exact.copy_abs()
