"""For which features customers have credit left: `CreditLeft`, as `meterhouse.entitlements` asks for it."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import datetime

from meterhouse.ledger.balance import OpenCharge, Scope, balance_of
from meterhouse.ledger.book import Book
from meterhouse.ledger.customer_book import all_books_at
from meterhouse.ledger.ports import LedgerStore, OpenCharges
from meterhouse.platform.work import Begin


class LeftCredit:
    def __init__(self, begin: Begin[LedgerStore], open_charges: OpenCharges) -> None:
        self._begin = begin
        self._open_charges = open_charges

    def __call__(
        self, namespace: str, wanted: Mapping[str, Collection[str]], at: datetime, /
    ) -> Mapping[str, AbstractSet[str]]:
        """Of each customer's features those whose live balance is above 0 in some currency; `at` is now.

        Raises:
            Unavailable: a store does not answer.
        """
        with self._begin(namespace) as work:
            books = all_books_at(work.store, wanted, at)
        return {
            customer_id: self._of_customer(namespace, customer_id, own, wanted[customer_id], at)
            for customer_id, own in books.items()
        }

    def _of_customer(
        self, namespace: str, customer_id: str, books: Sequence[Book], features: Collection[str], at: datetime
    ) -> AbstractSet[str]:
        settled = _left(books, features, at)
        # open charges only take away: where nothing is settled nobody needs to rate them
        return _left(books, settled, at, list(self._open_charges(namespace, customer_id, at))) if settled else settled


def _left(
    books: Sequence[Book], features: Iterable[str], at: datetime, charges: Sequence[OpenCharge] = ()
) -> AbstractSet[str]:
    return {feature for feature in features if any(_bears(book, feature, at, charges) for book in books)}


def _bears(book: Book, feature: str, at: datetime, charges: Sequence[OpenCharge]) -> bool:
    own = [one for one in charges if one.currency == book.currency]
    scope = Scope(is_all=False, feature=feature)
    return balance_of(book.currency, at, scope, book.positions, book.advances, own).live > 0
