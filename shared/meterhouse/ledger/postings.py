"""Which entries each event makes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from meterhouse.kernel.rounding import EXACT
from meterhouse.ledger.account import Account, Payment, Route
from meterhouse.ledger.transaction import Entry

if TYPE_CHECKING:
    from collections.abc import Mapping
    from decimal import Decimal

    from meterhouse.ledger.account import CostBasis
    from meterhouse.ledger.credit_grant import CreditGrant, Purchase

Entries = tuple[Entry, ...]


def funding(grant: CreditGrant) -> Entries:
    """The customer has the credit; whoever pays for it owes its amount, for a gift nobody does."""
    if grant.purchase is None:
        source = Entry(Account.WASH, _units(grant), EXACT.minus(grant.amount))
    else:
        source = Entry(Account.RECEIVABLE, _owed(grant), EXACT.minus(grant.amount))
    return _credit(grant, grant.amount), source


def burning(grant: CreditGrant, amount: Decimal) -> Entries:
    """Of the grant an `amount` is burnt; a negative one is given back."""
    return _credit(grant, EXACT.minus(amount)), Entry(Account.ACCRUED, _units(grant), amount, grant.id)


def advancing(currency: str, feature: str | None, amount: Decimal) -> Entries:
    """Burnt without credit, at an unknown cost basis; a negative amount is given back."""
    route = Route(currency, features=None if feature is None else (feature,))
    return Entry(Account.ADVANCE, route, EXACT.minus(amount)), Entry(Account.ACCRUED, Route(currency), amount)


def ending(grant: CreditGrant, amount: Decimal) -> Entries:
    """Nothing is left of what nobody burnt; a negative amount is taken back, to be burnt after all."""
    return _credit(grant, EXACT.minus(amount)), Entry(Account.BREAKAGE, _units(grant), amount, grant.id)


def converting(paid: Decimal, currency: str, bought: Decimal, owed: Route) -> Entries:
    """What is owed becomes `paid` of money instead of `bought` on the route `owed`."""
    money = Route(currency, payment=Payment.OPEN)
    return (
        Entry(Account.RECEIVABLE, money, EXACT.minus(paid)),
        Entry(Account.BROKERAGE, Route(currency), paid),
        Entry(Account.RECEIVABLE, owed, bought),
        Entry(Account.BROKERAGE, Route(owed.currency), EXACT.minus(bought)),
    )


def conversion(grant: CreditGrant, purchase: Purchase) -> Entries:
    """The grant's units become the money they are bought for."""
    return converting(purchase.amount, purchase.cost_basis.currency, grant.amount, _owed(grant))


def exchange(grant: CreditGrant) -> Entries:
    """The grant's units are paid for by what its invoice booked in money."""
    return (
        Entry(Account.RECEIVABLE, _owed(grant), grant.amount),
        Entry(Account.BROKERAGE, Route(grant.currency), EXACT.minus(grant.amount)),
    )


def authorization(purchase: Purchase) -> Entries:
    """Somebody promised the money."""
    return (
        Entry(Account.RECEIVABLE, _money(purchase, Payment.OPEN), purchase.amount),
        Entry(Account.RECEIVABLE, _money(purchase, Payment.AUTHORIZED), EXACT.minus(purchase.amount)),
    )


def payment(purchase: Purchase) -> Entries:
    """The promised money is there."""
    return (
        Entry(Account.RECEIVABLE, _money(purchase, Payment.AUTHORIZED), purchase.amount),
        Entry(Account.WASH, Route(purchase.cost_basis.currency), EXACT.minus(purchase.amount)),
    )


def recognition(currency: str, accrued: Mapping[CostBasis | None, Decimal]) -> Entries:
    """What was burnt is earned."""
    return tuple(
        entry
        for basis, amount in accrued.items()
        if amount
        for entry in (
            Entry(Account.ACCRUED, Route(currency, basis), EXACT.minus(amount)),
            Entry(Account.EARNINGS, Route(currency, basis), amount),
        )
    )


def _credit(grant: CreditGrant, amount: Decimal) -> Entry:
    route = Route(grant.currency, grant.cost_basis, grant.features, grant.priority)
    return Entry(Account.CREDIT, route, amount, grant.id)


def _units(grant: CreditGrant) -> Route:
    return Route(grant.currency, grant.cost_basis)


def _owed(grant: CreditGrant) -> Route:
    return Route(grant.currency, grant.cost_basis, payment=Payment.OPEN)


def _money(purchase: Purchase, payment: Payment) -> Route:
    return Route(purchase.cost_basis.currency, payment=payment)
