"""Accounts, and the routes that tell their sub-accounts apart."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from decimal import Decimal


class Account(StrEnum):
    """What an entry is on. Credit is positive where somebody has it, negative where it came from.

    CREDIT is what the customer may still burn, ADVANCE (negative) what was burnt beyond it, RECEIVABLE (negative) what
    is to be paid for credit or on an invoice, ACCRUED what was burnt or invoiced and is not earned yet, EARNINGS what
    is, BREAKAGE what ended unused, TAXES what is owed to the state, LOSSES (negative) what nobody will pay, WASH the
    world outside the books, BROKERAGE where one currency becomes another.
    """

    CREDIT = "customer_fbo"
    ADVANCE = "customer_advance"
    RECEIVABLE = "customer_receivable"
    ACCRUED = "customer_accrued"
    EARNINGS = "earnings"
    BREAKAGE = "breakage"
    TAXES = "taxes"
    LOSSES = "losses"
    WASH = "wash"
    BROKERAGE = "brokerage"


class Payment(StrEnum):
    """How far the payment of a receivable is."""

    OPEN = "open"
    AUTHORIZED = "authorized"


@dataclass(frozen=True, slots=True)
class CostBasis:
    """What one unit of credit costs, in a currency of money; nothing where it was given away."""

    rate: Decimal
    currency: str


@dataclass(frozen=True, slots=True)
class Route:
    """A sub-account.

    Attributes:
        currency: of the amounts; entries of two currencies never balance each other.
        cost_basis: of the credit; None where it is unknown (burnt in advance) or means nothing.
        features: what credit may be burnt for, or an advance was; None: anything.
        priority: of credit.
        payment: of a receivable.
    """

    currency: str
    cost_basis: CostBasis | None = None
    features: tuple[str, ...] | None = None
    priority: int | None = None
    payment: Payment | None = None
