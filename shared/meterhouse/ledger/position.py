"""Where a grant stands, and what was burnt in advance: sums of entries."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from meterhouse.kernel.rounding import EXACT
from meterhouse.ledger.transaction import NOTHING, Kind

if TYPE_CHECKING:
    from datetime import datetime
    from decimal import Decimal

    from meterhouse.ledger.credit_grant import CreditGrant


@dataclass(frozen=True, slots=True)
class Position:
    """What became of a grant: `funded` = `remaining` + `burnt` + `expired` + `voided`, always."""

    grant: CreditGrant
    funded: Decimal = NOTHING
    burnt: Decimal = NOTHING
    expired: Decimal = NOTHING
    voided: Decimal = NOTHING

    @property
    def remaining(self) -> Decimal:
        return EXACT.subtract(self.burnable, self.expired)

    @property
    def burnable(self) -> Decimal:
        """What is left for usage of before it expired, which may come to be known after it did."""
        return EXACT.subtract(EXACT.subtract(self.funded, self.burnt), self.voided)

    @property
    def ended_at(self) -> datetime | None:
        """Since when it is over by what is written; None: it is not, or nobody wrote of it that it expired."""
        return self.grant.voided_at or (self.grant.expires_at if self.expired else None)

    def moved(self, kind: Kind, amount: Decimal) -> Position:
        """After an entry of `amount` on the grant's credit."""
        match kind:
            case Kind.FUNDED:
                return replace(self, funded=EXACT.add(self.funded, amount))
            case Kind.CONSUMED:
                return replace(self, burnt=EXACT.subtract(self.burnt, amount))
            case Kind.EXPIRED:
                return replace(self, expired=EXACT.subtract(self.expired, amount))
            case Kind.VOIDED:
                return replace(self, voided=EXACT.subtract(self.voided, amount))
            case _:
                raise ValueError(f"what was {kind} moves no credit")


@dataclass(frozen=True, slots=True)
class Advance:
    """What a charge burnt beyond the credit there was, and no later credit covers yet."""

    charge: str
    feature: str | None
    booked_at: datetime
    amount: Decimal
    name: str | None = None
