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
        settled = self._left(namespace, wanted, at, {})
        # open charges only take away: where nothing is settled nobody needs to rate them
        charges = {
            customer_id: list(self._open_charges(namespace, customer_id, at))
            for customer_id, features in settled.items()
            if features
        }
        # what was open may be burnt meanwhile: better taken away twice than not at all
        return {**settled, **self._left(namespace, {one: settled[one] for one in charges}, at, charges)}

    def _left(
        self,
        namespace: str,
        wanted: Mapping[str, Collection[str]],
        at: datetime,
        charges: Mapping[str, Sequence[OpenCharge]],
    ) -> Mapping[str, AbstractSet[str]]:
        if not wanted:
            return {}
        with self._begin(namespace) as work:
            books = all_books_at(work.store, wanted, at)
        return {
            customer_id: _left(own, wanted[customer_id], at, charges.get(customer_id, ()))
            for customer_id, own in books.items()
        }


def _left(
    books: Sequence[Book], features: Iterable[str], at: datetime, charges: Sequence[OpenCharge]
) -> AbstractSet[str]:
    return {feature for feature in features if any(_bears(book, feature, at, charges) for book in books)}


def _bears(book: Book, feature: str, at: datetime, charges: Sequence[OpenCharge]) -> bool:
    own = [one for one in charges if one.currency == book.currency]
    scope = Scope(is_all=False, feature=feature)
    return balance_of(book.currency, at, scope, book.positions, book.advances, own).live > 0
