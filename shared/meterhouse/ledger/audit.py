"""What must hold of the books, looked at from outside: pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from meterhouse.kernel.ids import derived_ulid
from meterhouse.kernel.rounding import EXACT
from meterhouse.ledger.transaction import NOTHING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from decimal import Decimal

    from meterhouse.ledger.position import Advance, Position

KINDS = ("transaction_unbalanced", "grant_not_conserved", "grant_overdrawn", "balance_differs", "advance_overdrawn")
"""Of findings in the books themselves; others are of invoices."""
_NO_TIME = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is not what it must be.

    Attributes:
        kind: the rule that is broken, as "grant_not_conserved".
        subject_id: of what; with the kind it is the finding's identity.
        invoice_id: the invoice that must not go on meanwhile.
    """

    kind: str
    subject_id: str
    customer_id: str
    detail: str
    invoice_id: str | None = None

    @property
    def id(self) -> str:
        """Derived: what is found again is the same finding."""
        return derived_ulid(_NO_TIME, "audit_finding", self.kind, self.subject_id)


def grant_findings(position: Position, standing: Decimal) -> Iterator[Finding]:
    """Where a grant is not what its entries say; `standing` is the sum of all of them, of whatever kind.

    Granted is what remains, was burnt, expired and was voided; nothing of it is less than nothing.
    """
    grant = position.grant
    granted = NOTHING if grant.available_at is None else grant.amount
    parts = {name: getattr(position, name) for name in ("remaining", "burnt", "expired", "voided")}
    told = ", ".join(f"{name} {amount:f}" for name, amount in parts.items())
    if position.funded != granted:
        detail = f"granted {granted:f}, booked {position.funded:f} ({told})"
        yield Finding("grant_not_conserved", grant.id, grant.customer_id, detail)
    if any(amount < NOTHING for amount in parts.values()):
        yield Finding("grant_overdrawn", grant.id, grant.customer_id, told)
    if position.remaining != standing:
        detail = f"its entries sum to {standing:f}, and {position.remaining:f} remains"
        yield Finding("balance_differs", grant.id, grant.customer_id, detail)


def advance_findings(customer_id: str, advance: Advance) -> Iterator[Finding]:
    """Of what a charge burnt in advance no more is covered or given back than there was."""
    if advance.amount < NOTHING:
        detail = f"{EXACT.minus(advance.amount):f} more was covered or given back than was burnt in advance"
        yield Finding("advance_overdrawn", advance.charge, customer_id, detail)
