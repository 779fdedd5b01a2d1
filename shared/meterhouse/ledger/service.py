"""What is told of a customer's credit."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from meterhouse.ledger.balance import CreditBalance, OpenCharge, Scope, balance_of
from meterhouse.ledger.book import Book
from meterhouse.ledger.credit_grant import CreditGrant
from meterhouse.ledger.customer_book import books_at, found_customer, found_grant
from meterhouse.ledger.ports import GrantFilter, LedgerStore, Movement, MovementFilter, OpenCharges
from meterhouse.platform import clock
from meterhouse.platform.work import Begin


@dataclass(frozen=True, slots=True)
class Told:
    """Balances, of whatever instant, and when they were read."""

    balances: Sequence[CreditBalance]
    read_at: datetime

    def of_currencies(self, is_wanted: Callable[[str], bool]) -> "Told":
        return Told([one for one in self.balances if is_wanted(one.currency)], self.read_at)


def nothing_open(_namespace: str, _customer_id: str, _at: datetime, /) -> Iterable[OpenCharge]:
    """Where no room above charges to credit, nothing is open."""
    return ()


class CreditReads:
    def __init__(
        self,
        begin: Begin[LedgerStore],
        open_charges: OpenCharges = nothing_open,
        now: Callable[[], datetime] = clock.now,
    ) -> None:
        self._begin = begin
        self._open_charges = open_charges
        self._now = now

    def now(self) -> datetime:
        """The instant that statuses are told of."""
        return self._now()

    def grant(self, namespace: str, customer_id: str, grant_id: str) -> CreditGrant:
        """One grant.

        Raises:
            NotFound: there is no such customer or grant.
        """
        with self._begin(namespace) as work:
            return found_grant(work.store, found_customer(work.store, customer_id).id, grant_id)

    def grants(self, namespace: str, wanted: GrantFilter, number: int, size: int) -> tuple[list[CreditGrant], int]:
        """One page, and how many there are on all.

        Raises:
            NotFound: there is no such customer.
        """
        with self._begin(namespace) as work:
            found_customer(work.store, wanted.customer_id)
            return work.store.grants.page(wanted, number, size)

    def balances(self, namespace: str, customer_id: str, scope: Scope, at: datetime | None = None) -> Told:
        """The balance of each currency in which there is something, now or at the instant asked for.

        Raises:
            NotFound: there is no such customer.
        """
        read_at = self._now()
        as_of = at or read_at
        with self._begin(namespace) as work:
            found_customer(work.store, customer_id)
            # who asks for an instant asks for what was booked by then, and of no open charges
            charges = None if at is not None else list(self._open_charges(namespace, customer_id, as_of))
            books = {book.currency: book for book in books_at(work.store, customer_id, as_of)}
        for charge in charges or ():
            books.setdefault(charge.currency, Book(customer_id, charge.currency, as_of))
        balances = [
            balance_of(
                currency,
                as_of,
                scope,
                book.positions,
                book.advances,
                None if charges is None else [one for one in charges if one.currency == currency],
            )
            for currency, book in sorted(books.items())
        ]
        return Told(balances, read_at)

    def movements(self, namespace: str, wanted: MovementFilter) -> list[Movement]:
        """What was booked until `wanted.at`, newest first; what is over by then has ended, whether booked or not.

        Raises:
            NotFound: there is no such customer.
        """
        with self._begin(namespace) as work:
            found_customer(work.store, wanted.customer_id)
            books = books_at(work.store, wanted.customer_id, wanted.at)
            unwritten = [transaction for book in books for transaction in book.booked]
            return work.store.ledger.movements(wanted, unwritten)
