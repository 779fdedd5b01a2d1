"""A customer's book in one currency, open at an instant: what happens is decided and written into it here. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from meterhouse.kernel.rounding import EXACT
from meterhouse.ledger import postings
from meterhouse.ledger.account import Account
from meterhouse.ledger.charge import Allocation, Mode, corrections, uncoverings
from meterhouse.ledger.credit_grant import Funding, GrantStatus, Settlement
from meterhouse.ledger.position import Advance, Position
from meterhouse.ledger.transaction import NOTHING, Kind, Transaction, Words

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import datetime
    from decimal import Decimal

    from meterhouse.ledger.account import CostBasis
    from meterhouse.ledger.charge import Charge, Correction
    from meterhouse.ledger.credit_grant import CreditGrant, Purchase
    from meterhouse.ledger.transaction import Entry


_CLOCK = "clock"
_NONE_OVERDRAWN: Mapping[str, Sequence[Allocation]] = {}


@dataclass(frozen=True, slots=True)
class Collected:
    """What credit bears of a charge, in the order it was burnt, and what is left to be invoiced."""

    allocations: tuple[Allocation, ...]
    rest: Decimal

    @property
    def total(self) -> Decimal:
        total = NOTHING
        for allocation in self.allocations:
            total = EXACT.add(total, allocation.amount)
        return total


class Book:
    """What is written stands in `booked`, for the store. Its keys derive from those of what happened.

    Whatever happens, credit that came to be available covers what was burnt in advance of it first, and of a grant
    that is over nothing remains. `overdrawn` tells what bears each charge of which, until 26 November 2026, more could
    be covered than it had burnt in advance: that goes back to its grants before anything else.
    """

    def __init__(
        self,
        customer_id: str,
        currency: str,
        at: datetime,
        positions: Iterable[Position] = (),
        advances: Iterable[Advance] = (),
        overdrawn: Mapping[str, Sequence[Allocation]] = _NONE_OVERDRAWN,
    ) -> None:
        self.at = at
        self.booked: list[Transaction] = []
        self._customer_id = customer_id
        self.currency = currency
        self._positions = {position.grant.id: position for position in positions}
        self._advances = {one.charge: one for one in advances}
        self._overdrawn = dict(overdrawn)
        self._touched: set[str] = set()

    @property
    def positions(self) -> list[Position]:
        return list(self._positions.values())

    @property
    def advances(self) -> list[Advance]:
        return [one for one in self._advances.values() if one.amount]

    def fund(self, grant: CreditGrant) -> None:
        """The customer has the credit, from the instant on that it can be burnt."""
        if grant.available_at is None:
            raise ValueError(f"nobody has paid for {grant.id} yet")
        key = f"grant/{grant.id}/funded"
        self._positions[grant.id] = Position(grant)
        self._write(key, Kind.FUNDED, grant.available_at, postings.funding(grant), words=grant.words)
        self._cover(key)
        self._end(key)

    def pay(self, grant: CreditGrant, settlement: Settlement) -> None:
        """The payment of the grant, as it was before, comes this far; an invoice has books of its own for its money."""
        purchase = grant.purchase
        if purchase is None:
            raise ValueError("nobody pays for this grant")
        cause = f"grant/{grant.id}/{settlement}"
        self._cover(cause)
        self._end(cause)
        for kind, entries in _paying(grant, purchase, settlement):
            self._write(f"grant/{grant.id}/{kind}", kind, self.at, entries, words=grant.words)

    def collect(self, charge: Charge) -> Collected:
        """Burn credit for the charge, in the order of the grants that could be burnt when it was used."""
        cause = f"charge/{charge.key}"
        self._cover(cause)
        taken = list(self._taken(charge.feature, charge.amount, charge.at, charge.at))
        allocations = [Allocation(grant.id, part, charge.at) for grant, part, _ in taken]
        entries = [entry for grant, part, _ in taken for entry in postings.burning(grant, part)]
        rest = EXACT.subtract(charge.amount, Collected(tuple(allocations), NOTHING).total)
        if rest and charge.mode is Mode.CREDIT_ONLY:
            allocations.append(Allocation(None, rest, charge.at))
            entries += postings.advancing(charge.currency, charge.feature, rest)
            self._advances[charge.key] = Advance(charge.key, charge.feature, charge.at, rest, charge.name)
            rest = NOTHING
        if entries:
            self._write(cause, Kind.CONSUMED, charge.at, entries, charge=charge.key, words=charge.words)
        # credit of later than the use may be there by now
        self._cover(cause)
        self._end(cause)
        return Collected(tuple(allocations), rest)

    def correct(self, wanted: Iterable[Correction], key: str) -> None:
        """Give back so much of what each charge burnt, the last first, as if it had never been burnt.

        All at once: what comes back of one charge covers nothing that another burnt in advance and gives back, too.

        Raises:
            ValueError: an amount is not more than 0, or more than was burnt.
        """
        cause = ""
        for charge, realised, amount in wanted:
            if amount <= NOTHING:
                raise ValueError("what is given back is more than 0")
            cause = f"charge/{charge.key}/corrected/{key}"
            bearing = self._uncover(cause, charge.key, realised)
            parts = corrections([one.amount for one in bearing], EXACT.minus(amount))
            for number, (index, part) in enumerate(parts, 1):
                change = replace(bearing[index], amount=part)
                entries = self._given_back(charge.key, charge.feature, change)
                self._write(
                    f"{cause}/{number}", Kind.CONSUMED, change.booked_at, entries, charge=charge.key, words=charge.words
                )
        self._cover(cause)
        self._end(cause)

    def void(self, grant: CreditGrant) -> None:
        """Nothing is left of the grant, which is voided by now."""
        cause = f"grant/{grant.id}/void"
        self._cover(cause)
        self._positions[grant.id] = replace(self._positions[grant.id], grant=grant)
        self._touched.add(grant.id)
        self._end(cause)

    def expire(self, grant_ids: Iterable[str]) -> None:
        """Nothing is left of these grants, as far as they are over."""
        # what goes back to a grant that the clock ended before ends by a key of its own
        cause = f"{_CLOCK}/uncovering" if self._overdrawn else _CLOCK
        self._cover(cause)
        self._touched.update(grant_ids)
        self._end(cause)

    def withdraw(self, amount: Decimal, key: str, words: Words) -> Decimal:
        """Void `amount` of what can be burnt now, whatever for, in the order it would be burnt; what is lacking."""
        self._cover(key)
        self._end(key)
        entries: list[Entry] = []
        for position in sorted(self._positions.values(), key=lambda one: one.grant.burn_order):
            part = min(amount, position.remaining)
            if part > NOTHING and position.grant.status_at(self.at) is GrantStatus.ACTIVE:
                entries += postings.ending(position.grant, part)
                amount = EXACT.subtract(amount, part)
        if entries and not amount:
            self._write(key, Kind.VOIDED, self.at, entries, words=words)
        return amount

    def recognise(self, charge: Charge, accrued: Mapping[CostBasis | None, Decimal], key: str) -> None:
        """What the charge burnt, by cost basis, is earned now."""
        entries = postings.recognition(self.currency, accrued)
        if entries:
            cause = f"charge/{charge.key}/recognised/{key}"
            self._write(cause, Kind.RECOGNISED, self.at, entries, charge=charge.key, words=charge.words)

    def _cover(self, cause: str) -> None:
        """Burn credit that can be burnt by now for what was burnt in advance of it."""
        for charge, realised in sorted(self._overdrawn.items()):
            self._uncover(cause, charge, realised)
        for advance in sorted(self.advances, key=lambda one: (one.booked_at, one.charge)):
            for grant, part, booked_at in self._taken(advance.feature, advance.amount, advance.booked_at, self.at):
                given = postings.advancing(self.currency, advance.feature, EXACT.minus(part))
                self._write(
                    f"{cause}/covers/{advance.charge}/{grant.id}",
                    Kind.CONSUMED,
                    booked_at,
                    (*postings.burning(grant, part), *given),
                    charge=advance.charge,
                    words=Words(advance.name),
                )
                self._reduce(advance.charge, part)

    def _uncover(self, cause: str, charge: str, realised: Sequence[Allocation]) -> Sequence[Allocation]:
        """Give back what grants cover of a charge beyond what it burnt in advance; what bears it then."""
        self._overdrawn.pop(charge, None)
        bearing = list(realised)
        for number, (index, part) in enumerate(uncoverings(realised), 1):
            advance, change = self._advances[charge], replace(realised[index], amount=part)
            given = self._given_back(charge, advance.feature, change)
            again = postings.advancing(self.currency, advance.feature, EXACT.minus(part))
            key = f"{cause}/uncovers/{charge}/{number}"
            words = Words(advance.name)
            self._write(key, Kind.CONSUMED, change.booked_at, (*given, *again), charge=charge, words=words)
            self._reduce(charge, part)
            bearing[index] = replace(change, amount=EXACT.add(realised[index].amount, part))
        return bearing

    def _taken(
        self, feature: str | None, amount: Decimal, used_at: datetime, by: datetime
    ) -> Iterator[tuple[CreditGrant, Decimal, datetime]]:
        """Grants that bear an amount used at `used_at`, what of it, and when; of those that could be burnt by `by`.

        Of what expired since it may be more than remains: it is taken back.
        """
        for position in sorted(self._positions.values(), key=lambda one: one.grant.burn_order):
            grant, available_at = position.grant, position.grant.available_at
            if available_at is None or available_at > by or not grant.serves(feature):
                continue
            # what comes back of it once it is voided goes, too
            if grant.voided_at is not None and grant.voided_at <= self.at:
                continue
            at = max(used_at, available_at)
            part = min(amount, position.burnable)
            if part > NOTHING and (grant.expires_at is None or at < grant.expires_at):
                amount = EXACT.subtract(amount, part)
                yield grant, part, at

    def _given_back(self, charge: str, feature: str | None, change: Allocation) -> tuple[Entry, ...]:
        if change.grant_id is not None:
            return postings.burning(self._positions[change.grant_id].grant, change.amount)
        self._reduce(charge, EXACT.minus(change.amount))
        return postings.advancing(self.currency, feature, change.amount)

    def _reduce(self, charge: str, amount: Decimal) -> None:
        advance = self._advances[charge]
        self._advances[charge] = replace(advance, amount=EXACT.subtract(advance.amount, amount))

    def _end(self, cause: str) -> None:
        """Of touched grants that are over nothing remains: the rest ends with them, what was too much comes back."""
        for grant_id in sorted(self._touched):
            position = self._positions[grant_id]
            end = _end_of(position.grant, self.at)
            if end is not None and position.remaining:
                kind, booked_at = end
                entries = postings.ending(position.grant, position.remaining)
                self._write(f"{cause}/{kind}/{grant_id}", kind, booked_at, entries, words=position.grant.words)

    def _write(
        self,
        key: str,
        kind: Kind,
        booked_at: datetime,
        entries: Iterable[Entry],
        *,
        words: Words,
        charge: str | None = None,
    ) -> None:
        written = Transaction(key, kind, self._customer_id, booked_at, self.at, tuple(entries), charge, words)
        for entry in written.entries:
            if entry.account is Account.CREDIT and entry.grant_id is not None:
                self._positions[entry.grant_id] = self._positions[entry.grant_id].moved(kind, entry.amount)
                self._touched.add(entry.grant_id)
        self.booked.append(written)


def _paying(grant: CreditGrant, purchase: Purchase, settlement: Settlement) -> Iterator[tuple[Kind, tuple[Entry, ...]]]:
    if grant.funding is Funding.INVOICE:
        if settlement is Settlement.SETTLED:
            yield Kind.CONVERTED, postings.exchange(grant)
        return
    if purchase.settlement is Settlement.PENDING:
        yield Kind.CONVERTED, postings.conversion(grant, purchase)
        yield Kind.AUTHORIZED, postings.authorization(purchase)
    if settlement is Settlement.SETTLED:
        yield Kind.SETTLED, postings.payment(purchase)


def _end_of(grant: CreditGrant, at: datetime) -> tuple[Kind, datetime] | None:
    if grant.voided_at is not None and grant.voided_at <= at:
        return Kind.VOIDED, grant.voided_at
    if grant.expires_at is not None and grant.expires_at <= at:
        return Kind.EXPIRED, grant.expires_at
    return None
