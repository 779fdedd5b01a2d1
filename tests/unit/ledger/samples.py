"""Grants and charges of one customer, and a book kept in memory."""

from collections import defaultdict
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from meterhouse.kernel.duration import Duration
from meterhouse.ledger.account import Account, CostBasis
from meterhouse.ledger.book import Book, Collected
from meterhouse.ledger.charge import Allocation, Charge, Correction, Mode
from meterhouse.ledger.credit_grant import CreditGrant, Funding, Purchase
from meterhouse.ledger.position import Advance, Position
from meterhouse.ledger.transaction import Kind, Transaction

T = datetime(2026, 1, 1, tzinfo=UTC)
CUSTOMER = "01HZ00000000000000000000C1"
USD = "USD"


def hours(number: float) -> datetime:
    return T + timedelta(hours=number)


def bought(rate: str, amount: object, currency: str = USD) -> Purchase:
    basis = CostBasis(Decimal(rate), currency)
    return Purchase(basis, Decimal(str(amount)) * basis.rate)


def grant(id_: str = "g1", amount: object = 100, **fields: Any) -> CreditGrant:
    funding = Funding.NONE if "purchase" not in fields else Funding.EXTERNAL
    lasts = fields.pop("lasts", None)
    given: dict[str, Any] = {
        "name": id_,
        "funding": funding,
        "currency": USD,
        "effective_at": T,
        "created_at": T,
        "updated_at": T,
        "expires_after": None if lasts is None else Duration(lasts),
    }
    return CreditGrant(id=id_, customer_id=CUSTOMER, amount=Decimal(str(amount)), **given | fields)


def charge(amount: object, key: str = "c1", at: datetime = T, mode: Mode = Mode.CREDIT_ONLY, **fields: Any) -> Charge:
    return Charge(key, USD, Decimal(str(amount)), at, mode, **fields)


class Shelf:
    """What a store keeps: transactions, and the grants and charges they are of."""

    def __init__(self) -> None:
        self.transactions: list[Transaction] = []
        self.grants: dict[str, CreditGrant] = {}
        self.charges: dict[str, Charge] = {}

    def positions(self, as_of: datetime | None = None) -> list[Position]:
        found = {grant_id: Position(grant) for grant_id, grant in self.grants.items()}
        for transaction, entry in self._entries(as_of):
            if entry.account is Account.CREDIT and entry.grant_id is not None:
                found[entry.grant_id] = found[entry.grant_id].moved(transaction.kind, entry.amount)
        return list(found.values())

    def advances(self, as_of: datetime | None = None) -> list[Advance]:
        open_: dict[str, Decimal] = defaultdict(Decimal)
        for transaction, entry in self._entries(as_of):
            if entry.account is Account.ADVANCE:
                open_[transaction.charge or ""] -= entry.amount
        charges = self.charges
        return [Advance(key, charges[key].feature, charges[key].at, left) for key, left in open_.items() if left]

    def realised(self, key: str) -> list[Allocation]:
        found: dict[tuple[str | None, datetime], Decimal] = {}
        for transaction, entry in self._entries(None):
            if transaction.charge == key and entry.account in {Account.CREDIT, Account.ADVANCE}:
                at = transaction.booked_at if entry.grant_id else self.charges[key].at
                found[entry.grant_id, at] = found.get((entry.grant_id, at), Decimal(0)) - entry.amount
        return [Allocation(grant_id, amount, at) for (grant_id, at), amount in found.items() if amount]

    def balances(self, as_of: datetime | None = None) -> Mapping[tuple[Account, str], Decimal]:
        found: dict[tuple[Account, str], Decimal] = defaultdict(Decimal)
        for _, entry in self._entries(as_of):
            found[entry.account, entry.route.currency] += entry.amount
        return found

    def of(self, account: Account, as_of: datetime | None = None) -> Decimal:
        return self.balances(as_of)[account, USD]

    def book(self, at: datetime = T) -> Book:
        advances = self.advances()
        overdrawn = {one.charge: self.realised(one.charge) for one in advances if one.amount < 0}
        return Book(CUSTOMER, USD, at, self.positions(), advances, overdrawn)

    def keep(self, book: Book) -> None:
        """Write what was booked; a key that is there already is refused, as the database does."""
        known = {transaction.key for transaction in self.transactions}
        for transaction in book.booked:
            assert transaction.key not in known
            known.add(transaction.key)
        self.transactions += book.booked

    def fund(self, *grants: CreditGrant, at: datetime = T) -> None:
        for one in grants:
            self.grants[one.id] = one
            book = self.book(at)
            book.fund(one)
            self.keep(book)

    def collect(self, wanted: Charge, at: datetime = T) -> Collected:
        self.charges[wanted.key] = wanted
        book = self.book(at)
        collected = book.collect(wanted)
        self.keep(book)
        return collected

    def correct(self, key: str, amount: object, by: str = "x", at: datetime = T) -> None:
        """`amount` is below 0."""
        self.give_back({key: -Decimal(str(amount))}, by, at)

    def give_back(self, amounts: Mapping[str, Decimal], by: str = "x", at: datetime = T) -> None:
        """Of several charges at once."""
        book = self.book(at)
        book.correct([Correction(self.charges[key], self.realised(key), one) for key, one in amounts.items()], by)
        self.keep(book)

    def expire(self, at: datetime) -> None:
        book = self.book(at)
        book.expire([one.id for one in self.grants.values() if one.expires_at and one.expires_at <= at])
        self.keep(book)

    def left(self) -> dict[str, Decimal]:
        return {position.grant.id: position.remaining for position in self.positions()}

    def _entries(self, as_of: datetime | None) -> list[tuple[Transaction, Any]]:
        return [
            (transaction, entry)
            for transaction in self.transactions
            if as_of is None or transaction.booked_at <= as_of
            for entry in transaction.entries
        ]


def kinds(shelf: Shelf) -> list[Kind]:
    return [transaction.kind for transaction in shelf.transactions]
