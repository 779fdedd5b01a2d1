"""Credit grants: money, or units of a currency of one's own, that a customer may burn instead of paying."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING

from meterhouse.ledger.account import CostBasis
from meterhouse.ledger.transaction import Words

if TYPE_CHECKING:
    from collections.abc import Mapping

    from meterhouse.kernel.duration import Duration

_NEVER = datetime.max.replace(tzinfo=UTC)
PRIORITY = 10


class Funding(StrEnum):
    """Who pays: nobody, an invoice, or the customer outside of our books."""

    NONE = "none"
    INVOICE = "invoice"
    EXTERNAL = "external"


class Settlement(StrEnum):
    PENDING = "pending"
    AUTHORIZED = "authorized"
    SETTLED = "settled"


class GrantStatus(StrEnum):
    PENDING = "pending"
    ACTIVE = "active"
    EXPIRED = "expired"
    VOIDED = "voided"


@dataclass(frozen=True, slots=True)
class Purchase:
    """What is paid for a grant: its amount at the cost basis, rounded to the money's precision."""

    cost_basis: CostBasis
    amount: Decimal
    settlement: Settlement = Settlement.PENDING
    settled_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Taxation:
    behavior: str | None = None
    code_id: str | None = None


@dataclass(frozen=True, slots=True)
class CreditGrant:
    """Credit for a customer.

    Attributes:
        key: the caller's own name for it, one grant a customer.
        amount: more than 0.
        priority: 1 to 1000; the lower is burnt first.
        features: keys of the features it may be burnt for, each once and in order; None: for anything.
        effective_at: from here on it can be burnt, once it is paid where an invoice pays.
        expires_after: how long it can be burnt; None: for ever.
        voided_at: from here on nothing is left of it.
    """

    id: str
    customer_id: str
    name: str
    funding: Funding
    currency: str
    amount: Decimal
    effective_at: datetime
    created_at: datetime
    updated_at: datetime
    key: str | None = None
    description: str | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    priority: int = PRIORITY
    features: tuple[str, ...] | None = None
    expires_after: Duration | None = None
    purchase: Purchase | None = None
    taxation: Taxation | None = None
    voided_at: datetime | None = None

    @property
    def available_at(self) -> datetime | None:
        """From when on it can be burnt; None while the invoice that pays for it is not paid."""
        if self.funding is not Funding.INVOICE or self.purchase is None:
            return self.effective_at
        paid_at = self.purchase.settled_at
        return None if paid_at is None else max(self.effective_at, paid_at)

    @property
    def expires_at(self) -> datetime | None:
        """Whoever pays late loses no time: counted from when it can be burnt."""
        return None if self.expires_after is None else self.expires_after.after(self.available_at or self.effective_at)

    @property
    def cost_basis(self) -> CostBasis:
        """What a unit of it costs; one that was given away costs nothing."""
        return CostBasis(Decimal(0), self.currency) if self.purchase is None else self.purchase.cost_basis

    @property
    def words(self) -> Words:
        """What is told of its transactions."""
        return Words(self.name, self.description, self.labels)

    @property
    def burn_order(self) -> tuple[int, bool, datetime, str]:
        """The least is burnt first: by priority, what has fewer uses, what expires first, the older."""
        return self.priority, self.features is None, self.expires_at or _NEVER, self.id

    def status_at(self, at: datetime) -> GrantStatus:
        if self.voided_at is not None and self.voided_at <= at:
            return GrantStatus.VOIDED
        if self.available_at is None or at < self.available_at:
            return GrantStatus.PENDING
        if self.expires_at is not None and self.expires_at <= at:
            return GrantStatus.EXPIRED
        return GrantStatus.ACTIVE

    def serves(self, feature: str | None) -> bool:
        """Whether it may be burnt for the feature (None: for what is of no feature)."""
        return self.features is None or feature in self.features

    def settled(self, settlement: Settlement, at: datetime) -> CreditGrant:
        """As it is once its payment has come this far; `ValueError` where nobody pays for it."""
        if self.purchase is None:
            raise ValueError("nobody pays for this grant")
        settled_at = at if settlement is Settlement.SETTLED else None
        return replace(
            self, purchase=replace(self.purchase, settlement=settlement, settled_at=settled_at), updated_at=at
        )
