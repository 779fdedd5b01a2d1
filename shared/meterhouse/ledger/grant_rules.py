"""From what authors write to a credit grant; every fault with its code and JSON pointer. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import TYPE_CHECKING

from meterhouse.catalog.custom_currency import cost_basis_at
from meterhouse.kernel.currency import Currency, currency
from meterhouse.kernel.duration import Duration
from meterhouse.kernel.errors import InvalidInput, Problems
from meterhouse.kernel.rounding import EXACT, fits, round_half_away
from meterhouse.ledger.account import CostBasis
from meterhouse.ledger.credit_grant import PRIORITY, CreditGrant, Funding, Purchase, Taxation

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import datetime

    from meterhouse.catalog.custom_currency import CurrencyCostBasis, CustomCurrency

_PAR = Decimal(1)
_LARGEST = Decimal(10) ** 20
_DIGITS_OF_A_RATE = 18


@dataclass(frozen=True, slots=True)
class PurchaseSpec:
    """`rate` None: one for one; of a custom currency what a unit is worth at present."""

    currency: str
    rate: Decimal | None = None


@dataclass(frozen=True, slots=True)
class CreditGrantSpec:
    """A credit grant as somebody wants it; `effective_at` None: from now on."""

    name: str
    funding: Funding
    currency: str
    amount: Decimal
    key: str | None = None
    description: str | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    priority: int = PRIORITY
    features: Sequence[str] | None = None
    effective_at: datetime | None = None
    expires_after: str | None = None
    purchase: PurchaseSpec | None = None
    taxation: Taxation | None = None


@dataclass(frozen=True, slots=True)
class Known:
    """What there is of all that a grant may name.

    Attributes:
        currencies: its currency by code, if that is none of a state.
        bases: what that is worth.
        tax_codes: its tax code's id.
    """

    currencies: Mapping[str, CustomCurrency] = field(default_factory=dict)
    bases: Sequence[CurrencyCostBasis] = ()
    tax_codes: Collection[str] = ()


def new_credit_grant(grant_id: str, customer_id: str, spec: CreditGrantSpec, known: Known, at: datetime) -> CreditGrant:
    """The grant that is wanted at `at`.

    Raises:
        InvalidInput: with every fault of the spec.
    """
    problems = Problems()
    check_amount(spec.amount, known_currency(spec.currency, "/currency", problems, known.currencies), problems)
    purchase = _purchase(_worth(spec, known, at), problems)
    code_id = None if spec.taxation is None else spec.taxation.code_id
    if code_id is not None and code_id not in known.tax_codes:
        problems.add("/tax_config/tax_code/id", "tax_code_not_found", f"there is no tax code {code_id!r}")
    lasts = _lasts(spec, at, problems)
    problems.raise_if_any("the credit grant cannot be created")
    return CreditGrant(
        id=grant_id,
        customer_id=customer_id,
        name=spec.name,
        funding=spec.funding,
        currency=spec.currency,
        amount=spec.amount,
        effective_at=spec.effective_at or at,
        created_at=at,
        updated_at=at,
        key=spec.key,
        description=spec.description,
        labels=spec.labels,
        priority=spec.priority,
        features=tuple(sorted(set(spec.features))) if spec.features else None,
        expires_after=lasts,
        purchase=purchase,
        taxation=spec.taxation,
    )


def known_currency(
    code: str, pointer: str, problems: Problems, custom: Mapping[str, CustomCurrency] | None = None
) -> Currency | None:
    """The currency, of a state or one of these; None and a problem where there is none of this code."""
    if custom is not None and code in custom:
        return custom[code].currency
    try:
        return currency(code, pointer)
    except InvalidInput as error:
        for problem in error.problems:
            problems.add(problem.field, problem.code, problem.message)
        return None


def check_amount(amount: Decimal, of: Currency | None, problems: Problems) -> None:
    """An amount of credit, whichever its sign: not nothing, not too large, no finer than its currency."""
    if not amount:
        problems.add("/amount", "zero", "an amount is not 0")
    if amount.copy_abs() >= _LARGEST:
        problems.add("/amount", "too_large", "an amount has at most 20 digits before the point")
    elif of is not None and not fits(amount, of.exponent):
        problems.add("/amount", "precision", f"{of.code} has {of.exponent} digits after the point")


def _worth(spec: CreditGrantSpec, known: Known, at: datetime) -> CreditGrantSpec:
    """The spec with the rate that it leaves open; it stays open where nobody said what a custom currency is worth."""
    wanted = spec.purchase
    if wanted is None or wanted.rate is not None:
        return spec
    basis = cost_basis_at(known.bases, wanted.currency, at)
    rate = _PAR if spec.currency not in known.currencies else None if basis is None else basis.rate
    return replace(spec, purchase=replace(wanted, rate=rate))


def _purchase(spec: CreditGrantSpec, problems: Problems) -> Purchase | None:
    if spec.amount < 0:
        problems.add("/amount", "greater_than", "an amount of credit is more than 0")
    wanted = spec.purchase
    if spec.funding is Funding.NONE:
        if wanted is not None:
            problems.add("/purchase", "purchase_not_allowed", "nobody pays for what is funded by none")
        return None
    if wanted is None:
        problems.add("/purchase", "missing", f"what is funded by {spec.funding} has a price")
        return None
    money, pointer = known_currency(wanted.currency, "/purchase/currency", problems), "/purchase/per_unit_cost_basis"
    if wanted.rate is None:
        problems.add(pointer, "missing", f"nobody said what {spec.currency} is worth in {wanted.currency} now")
    elif wanted.rate <= 0:
        problems.add(pointer, "greater_than", "a cost basis is more than 0")
    elif wanted.rate >= _LARGEST or not fits(wanted.rate, _DIGITS_OF_A_RATE):
        problems.add(pointer, "precision", "a cost basis has at most 20 digits before the point and 18 after it")
    elif money is not None and 0 < spec.amount < _LARGEST:
        cost = round_half_away(EXACT.multiply(spec.amount, wanted.rate), money.exponent)
        if cost:
            return Purchase(CostBasis(wanted.rate, money.code), cost)
        problems.add(pointer, "costs_nothing", f"the whole amount costs less than {money.code} can say")
    return None


def _lasts(spec: CreditGrantSpec, at: datetime, problems: Problems) -> Duration | None:
    if spec.expires_after is None:
        return None
    pointer = "/expires_after"
    effective_at = spec.effective_at or at
    try:
        lasts = Duration(spec.expires_after)
        expires_at = lasts.after(effective_at)
    except ValueError as error:
        problems.add(pointer, "duration", str(error))
        return None
    except InvalidInput as error:
        problems.add(pointer, "out_of_calendar", error.detail)
        return None
    if expires_at <= effective_at:
        problems.add(pointer, "too_short", "credit lasts longer than no time")
    elif expires_at <= at:
        problems.add(pointer, "already_expired", "the credit would have expired by now")
    return lasts
