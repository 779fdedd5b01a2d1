"""Custom currencies: units that are sold and spent like money, and what they are worth in it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from meterhouse.kernel.currency import Currency, currency
from meterhouse.kernel.errors import InvalidInput, Problem
from meterhouse.kernel.rounding import fits

_FINEST = 12
_UNKNOWN = -1
_LARGEST_RATE = Decimal(10) ** 20
_DIGITS_OF_A_RATE = 18


@dataclass(frozen=True, slots=True)
class CustomCurrencySpec:
    """`exponent` digits after the point; the marks say how its amounts are written for people."""

    code: str
    name: str
    exponent: int
    decimal_mark: str
    thousand_separator: str
    symbol: str | None = None


@dataclass(frozen=True, slots=True)
class CustomCurrency:
    id: str
    spec: CustomCurrencySpec
    created_at: datetime

    @property
    def currency(self) -> Currency:
        """As amounts in it are rounded."""
        return Currency(self.spec.code, self.spec.exponent)


@dataclass(frozen=True, slots=True)
class CostBasisSpec:
    """What a unit is worth in a fiat currency; `effective_from` None: from now on."""

    fiat_code: str
    rate: Decimal
    effective_from: datetime | None = None
    effective_to: datetime | None = None


@dataclass(frozen=True, slots=True)
class CurrencyCostBasis:
    """A unit's worth in `[effective_from, effective_to)`."""

    id: str
    currency_id: str
    fiat_code: str
    rate: Decimal
    effective_from: datetime
    created_at: datetime
    effective_to: datetime | None = None

    def is_in_force(self, at: datetime) -> bool:
        return self.effective_from <= at and (self.effective_to is None or at < self.effective_to)


def named(code: str) -> Currency:
    """A custom currency that a caller names; its precision is not known yet."""
    return Currency(code, _UNKNOWN)


def is_known(currency: Currency) -> bool:
    """Whether more than its name is known."""
    return currency.exponent != _UNKNOWN


def cost_basis_at(bases: Iterable[CurrencyCostBasis], fiat_code: str, at: datetime) -> CurrencyCostBasis | None:
    """Of one currency's cost bases the one that counts at `at`: of those in force the one that came last."""
    in_force = [one for one in bases if one.fiat_code == fiat_code and one.is_in_force(at)]
    return max(in_force, key=lambda one: one.effective_from, default=None)


def cost_basis_for(
    bases: Iterable[CurrencyCostBasis], fiat_code: str, at: datetime, now: datetime
) -> CurrencyCostBasis | None:
    """What counts for units used at `at`: the one in force then, or else the first that came into force by `now`.

    None reaches back before it was said, and one to come may still be preceded by another: so for an instant that lies
    behind the answer never changes once there is one.
    """
    own = [one for one in bases if one.fiat_code == fiat_code]
    later = (one for one in own if at < one.effective_from <= now)
    return cost_basis_at(own, fiat_code, at) or min(later, key=lambda one: one.effective_from, default=None)


def currency_problems(spec: CustomCurrencySpec) -> Iterator[Problem]:
    """Why there cannot be such a currency."""
    if "|" in spec.code or spec.code != spec.code.strip() or not spec.code.isprintable():
        yield Problem("/code", "custom_currency_code", "a code has no |, no blanks around it and can be printed")
    if not 0 <= spec.exponent <= _FINEST:
        yield Problem("/precision", "custom_currency_precision", f"0 to {_FINEST} digits after the point")
    if spec.decimal_mark == spec.thousand_separator:
        message = "it is the decimal mark, too: nobody could read an amount"
        yield Problem("/thousand_separator", "custom_currency_separator", message)


def cost_basis_problems(spec: CostBasisSpec, at: datetime) -> Iterator[Problem]:
    """Why a unit cannot have this worth. None reaches back before `at`: what was invoiced stays as it was."""
    try:
        currency(spec.fiat_code, "/fiat_code")
    except InvalidInput as error:
        yield from error.problems
    if spec.rate <= 0:
        yield Problem("/rate", "greater_than", "a unit is worth more than 0")
    elif spec.rate >= _LARGEST_RATE or not fits(spec.rate, _DIGITS_OF_A_RATE):
        yield Problem("/rate", "precision", "at most 20 digits before the point and 18 after it")
    starts = spec.effective_from or at
    if starts < at:
        yield Problem("/effective_from", "cost_basis_in_the_past", "what lies behind was invoiced by what held then")
    if spec.effective_to is not None and spec.effective_to <= starts:
        yield Problem("/effective_to", "cost_basis_period", "must lie after effective_from")
