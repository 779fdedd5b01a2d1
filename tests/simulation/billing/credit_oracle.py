"""The credit of customers, reckoned again from what was granted and charged: slowly, and as anybody would."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal

from meterhouse.ledger.account import Account
from meterhouse.ledger.charge import Charge
from meterhouse.ledger.credit_grant import CreditGrant
from meterhouse.ledger.transaction import Kind, Transaction
from tests.simulation.billing.tables import Tables
from tests.simulation.checks import Broken

_NEVER = datetime.max.replace(tzinfo=UTC)
_NOTHING = Decimal(0)
_MOVES = {Kind.FUNDED: "funded", Kind.CONSUMED: "burnt", Kind.EXPIRED: "expired", Kind.VOIDED: "voided"}


class Purses:
    """What became of each grant, booking by booking; every charge took what it could, in the order of the rule."""

    def __init__(self, tables: Tables) -> None:
        self.tables = tables
        self.sums: dict[str, dict[str, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
        self.advances: dict[str, Decimal] = defaultdict(Decimal)
        self.moved_at: dict[tuple[str, str], datetime] = {}
        """When a customer's credit in a currency was written of last: until then, what came to be there covers."""

    def replay(self) -> None:
        for commit in self.tables.history:
            waiting: dict[str, tuple[str, Charge]] = {}
            for table, key in commit:
                if table == "charges":
                    waiting[key] = self.tables.committed["charges"][key]
                elif table == "ledger":
                    booking: Transaction = self.tables.committed["ledger"][key]
                    if booking.charge in waiting and key == f"charge/{booking.charge}":
                        self._check_taken(*waiting.pop(booking.charge), booking)
                    self._move(booking)
            for owner, charge in waiting.values():
                for grant in self._bearing(owner, charge):
                    raise Broken(f"{charge.key} burnt nothing, though {grant.id} had {self.burnable(grant.id)}")

    def burnable(self, grant_id: str) -> Decimal:
        sums = self.sums[grant_id]
        return sums["funded"] - sums["burnt"] - sums["voided"]

    def remaining(self, grant_id: str) -> Decimal:
        return self.burnable(grant_id) - self.sums[grant_id]["expired"]

    def check(self, now: datetime) -> None:
        """Invariant 7, of every grant; nothing burnt in advance waits while there is credit to cover it."""
        for grant in self.tables.rows("grants"):
            self._check_grant(grant, now)
        for key, amount in self.advances.items():
            if amount < 0:
                raise Broken(f"{-amount} more of {key} was given back or covered than was burnt in advance")
            if amount:
                owner, charge = self.tables.committed["charges"][key]
                for grant in self._bearing(owner, charge, self.moved_at[owner, charge.currency]):
                    raise Broken(f"{amount} of {key} is burnt in advance, though {grant.id} is there")

    def _check_grant(self, grant: CreditGrant, now: datetime) -> None:
        sums, left = self.sums[grant.id], self.remaining(grant.id)
        if sums["funded"] != (_NOTHING if grant.available_at is None else grant.amount):
            raise Broken(f"grant {grant.id} of {grant.amount} was funded with {sums['funded']}")
        if left < 0 or min(sums.values(), default=_NOTHING) < 0:
            raise Broken(f"of grant {grant.id} {left} remains: {dict(sums)}")
        has_expired = grant.available_at is not None and grant.expires_at is not None and grant.expires_at <= now
        if left and (has_expired or grant.voided_at is not None):
            raise Broken(f"grant {grant.id} is over, and {left} of it remains")

    def _check_taken(self, owner: str, charge: Charge, booking: Transaction) -> None:
        taken: dict[str, Decimal] = defaultdict(Decimal)
        for entry in booking.entries:
            if entry.account is Account.CREDIT and entry.grant_id is not None:
                taken[entry.grant_id] -= entry.amount
        left, wanted = charge.amount, dict[str, Decimal]()
        for grant in self._bearing(owner, charge):
            part = min(left, self.burnable(grant.id))
            if part > 0:
                wanted[grant.id], left = part, left - part
        if taken != wanted:
            raise Broken(f"{charge.key} of {charge.amount} burnt {dict(taken)} instead of {wanted}")

    def _bearing(self, owner: str, charge: Charge, by: datetime | None = None) -> Iterator[CreditGrant]:
        """Grants of which something may bear the charge, in order; `by`: those that came to be until then, too."""
        grants: Sequence[CreditGrant] = sorted(self.tables.rows("grants"), key=_order)
        for grant in grants:
            since = grant.available_at
            if (
                (grant.customer_id, grant.currency) != (owner, charge.currency)
                or since is None
                or since > (by or charge.at)
            ):
                continue
            is_in_time = grant.expires_at is None or max(charge.at, since) < grant.expires_at
            serves = grant.features is None or charge.feature in grant.features
            if is_in_time and serves and self.burnable(grant.id) > 0:
                yield grant

    def _move(self, booking: Transaction) -> None:
        if booking.kind in _MOVES:
            self.moved_at[booking.customer_id, booking.entries[0].route.currency] = booking.recorded_at
        for entry in booking.entries:
            if entry.account is Account.CREDIT and entry.grant_id is not None:
                amount = entry.amount if booking.kind is Kind.FUNDED else -entry.amount
                self.sums[entry.grant_id][_MOVES[booking.kind]] += amount
            elif entry.account is Account.ADVANCE and booking.charge is not None:
                self.advances[booking.charge] -= entry.amount


def borne(tables: Tables) -> Mapping[str, Decimal]:
    """By charge, what credit bears of it in the end, in advance or not."""
    found: dict[str, Decimal] = defaultdict(Decimal)
    for booking in tables.rows("ledger"):
        for entry in booking.entries:
            if booking.charge is not None and entry.account in {Account.CREDIT, Account.ADVANCE}:
                found[booking.charge] -= entry.amount
    return found


def _order(grant: CreditGrant) -> tuple[int, int, datetime, str]:
    return grant.priority, 0 if grant.features else 1, grant.expires_at or _NEVER, grant.id
