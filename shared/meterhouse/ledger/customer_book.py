"""A customer's credit for whoever changes it: nobody else does meanwhile, and the clock is read under the lock."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime

from meterhouse.customers.model import Customer
from meterhouse.kernel.errors import NotFound
from meterhouse.ledger.book import Book
from meterhouse.ledger.charge import Allocation
from meterhouse.ledger.credit_grant import CreditGrant
from meterhouse.ledger.ports import NOTHING_HELD, Holding, LedgerStore, Owner
from meterhouse.ledger.transaction import NOTHING
from meterhouse.platform.work import Work


def found_customer(store: LedgerStore, customer_id: str) -> Customer:
    """The live customer of this id.

    Raises:
        NotFound: there is none; a key is no id.
    """
    customer = store.customers.find(customer_id)
    if customer is None or customer.id != customer_id:
        raise NotFound("customer", customer_id)
    return customer


def lock_customer(work: Work[LedgerStore], customer_id: str) -> Customer:
    """As `found_customer`, once nobody else works on the customer: subscriptions, invoices and credit wait."""
    work.lock("customer", customer_id)
    return found_customer(work.store, customer_id)


def found_grant(store: LedgerStore, customer_id: str, grant_id: str) -> CreditGrant:
    """The customer's grant of this id.

    Raises:
        NotFound: the customer has none such.
    """
    grant = store.grants.find(grant_id)
    if grant is None or grant.customer_id != customer_id:
        raise NotFound("credit grant", grant_id)
    return grant


def open_book(store: LedgerStore, customer_id: str, currency: str, at: datetime) -> Book:
    """The customer's book with all that is written in it."""
    holding = store.ledger.holdings([customer_id], currency).get((customer_id, currency), NOTHING_HELD)
    return _opened((customer_id, currency), holding, _overdrawn(store, [holding]), at)


def open_books(store: LedgerStore, owners: Collection[Owner], at: datetime) -> Mapping[Owner, Book]:
    """As `open_book`, for many at once."""
    holdings = store.ledger.holdings({customer_id for customer_id, _ in owners})
    overdrawn = _overdrawn(store, holdings.values())
    return {owner: _opened(owner, holdings.get(owner, NOTHING_HELD), overdrawn, at) for owner in owners}


def books_at(store: LedgerStore, customer_id: str, at: datetime) -> list[Book]:
    """The books of all currencies as of `at`, with what time alone has done by then, written or not.

    What is not is in their `booked`.
    """
    return all_books_at(store, [customer_id], at).get(customer_id, [])


def all_books_at(store: LedgerStore, customer_ids: Collection[str], at: datetime) -> Mapping[str, list[Book]]:
    """As `books_at`, for many at once; customers without a book are left out."""
    books: dict[str, list[Book]] = {}
    for (customer_id, currency), holding in store.ledger.holdings(customer_ids, as_of=at).items():
        book = Book(customer_id, currency, at, holding.positions, holding.advances)
        book.expire(position.grant.id for position in holding.positions)
        books.setdefault(customer_id, []).append(book)
    return books


def _overdrawn(store: LedgerStore, holdings: Iterable[Holding]) -> Mapping[str, Sequence[Allocation]]:
    """What bears the charges of which more is covered than they burnt in advance."""
    keys = [one.charge for holding in holdings for one in holding.advances if one.amount < NOTHING]
    return store.ledger.realised(keys) if keys else {}


def _opened(owner: Owner, holding: Holding, overdrawn: Mapping[str, Sequence[Allocation]], at: datetime) -> Book:
    """At `at`, but no sooner than what ended by what is written: of two clocks one is behind."""
    ends = [end for position in holding.positions if (end := position.ended_at) is not None]
    own = {one.charge: overdrawn[one.charge] for one in holding.advances if one.charge in overdrawn}
    return Book(*owner, max([at, *ends]), holding.positions, holding.advances, own)
