"""A customer's credit for whoever changes it: nobody else does meanwhile, and the clock is read under the lock."""

from datetime import datetime

from meterhouse.customers.model import Customer
from meterhouse.kernel.errors import NotFound
from meterhouse.ledger.book import Book
from meterhouse.ledger.credit_grant import CreditGrant
from meterhouse.ledger.ports import LedgerStore
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
    ledger = store.ledger
    positions, advances = ledger.positions(customer_id, currency), ledger.advances(customer_id, currency)
    return Book(customer_id, currency, at, positions, advances)


def book_at(store: LedgerStore, customer_id: str, currency: str, at: datetime) -> Book:
    """The book as of `at`, with what time alone has done by then, written (`booked`: what is not) or not."""
    ledger = store.ledger
    positions = ledger.positions(customer_id, currency, at)
    book = Book(customer_id, currency, at, positions, ledger.advances(customer_id, currency, at))
    book.expire(position.grant.id for position in positions)
    return book
