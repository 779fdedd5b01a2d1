"""Balances: what may be burnt, what is to come, and what is left once open charges are burnt. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from meterhouse.kernel.rounding import EXACT
from meterhouse.ledger.charge import Mode
from meterhouse.ledger.credit_grant import GrantStatus
from meterhouse.ledger.transaction import NOTHING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime
    from decimal import Decimal

    from meterhouse.ledger.position import Advance, Position


@dataclass(frozen=True, slots=True)
class Scope:
    """Which credit is asked about: all there is, or what may be burnt for a feature (None: for what is of none)."""

    is_all: bool = True
    feature: str | None = None

    def holds_credit(self, features: Sequence[str] | None) -> bool:
        return self.is_all or features is None or self.feature in features

    def holds_charge(self, feature: str | None) -> bool:
        return self.is_all or feature is None or feature == self.feature


EVERYTHING = Scope()


@dataclass(frozen=True, slots=True)
class OpenCharge:
    """Something that will be charged for; `impacts_at`: from when on it counts against the balance."""

    currency: str
    amount: Decimal
    mode: Mode
    impacts_at: datetime
    feature: str | None = None


@dataclass(frozen=True, slots=True)
class CreditBalance:
    """Of one currency.

    Attributes:
        settled: what remains of the grants that can be burnt, less what was burnt in advance.
        pending: of grants that there are, but that cannot be burnt yet.
        live: `settled` less what open charges will burn; nothing at an instant somebody asked for.
    """

    currency: str
    settled: Decimal
    pending: Decimal
    live: Decimal


def balance_of(
    currency: str,
    at: datetime,
    scope: Scope,
    positions: Iterable[Position],
    advances: Iterable[Advance] = (),
    charges: Iterable[OpenCharge] | None = None,
) -> CreditBalance:
    """The balance at `at`.

    Args:
        currency: of everything given.
        at: an expired grant has nothing left, whether that was booked or not.
        scope: what is asked about.
        positions: from what was booked until `at`.
        advances: from what was booked until `at`.
        charges: open ones; None: nobody asks what is left after them.
    """
    settled = pending = NOTHING
    for position in positions:
        if scope.holds_credit(position.grant.features):
            status = position.grant.status_at(at)
            if status is GrantStatus.ACTIVE:
                settled = EXACT.add(settled, position.remaining)
            elif status is GrantStatus.PENDING and position.grant.created_at <= at:
                pending = EXACT.add(pending, position.grant.amount)
    for advance in advances:
        if scope.holds_charge(advance.feature):
            settled = EXACT.subtract(settled, advance.amount)
    live = NOTHING if charges is None else EXACT.subtract(settled, _impact(settled, at, scope, charges))
    return CreditBalance(currency, settled, pending, live)


def _impact(available: Decimal, at: datetime, scope: Scope, charges: Iterable[OpenCharge]) -> Decimal:
    """The worst of all orders: what may be invoiced takes credit first, what may not is taken in full."""
    invoiced = unlimited = NOTHING
    for charge in charges:
        if charge.impacts_at <= at and scope.holds_charge(charge.feature):
            if charge.mode is Mode.CREDIT_THEN_INVOICE:
                invoiced = EXACT.add(invoiced, charge.amount)
            else:
                unlimited = EXACT.add(unlimited, charge.amount)
    return EXACT.add(min(invoiced, max(available, NOTHING)), unlimited)
