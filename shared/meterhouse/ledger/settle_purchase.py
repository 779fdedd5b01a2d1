"""The payment of a credit grant comes further: authorized, then settled."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

from meterhouse.kernel.errors import Conflict, InvalidInput, Problem
from meterhouse.ledger.book import Book
from meterhouse.ledger.credit_grant import CreditGrant, Funding, Settlement
from meterhouse.ledger.customer_book import found_grant, lock_customer, open_books
from meterhouse.ledger.events import grant_paid
from meterhouse.ledger.ports import LedgerStore
from meterhouse.platform import clock
from meterhouse.platform.work import Begin

_ORDER = list(Settlement)


def book_payments(
    store: LedgerStore, paid: Sequence[tuple[CreditGrant, datetime]], settlement: Settlement, now: datetime
) -> list[CreditGrant]:
    """Grants of locked customers once their payments, each at its instant, have come this far.

    What an invoice paid for can be burnt then. Any number takes a handful of statements.
    """
    if not paid:
        return []
    books = open_books(store, {(grant.customer_id, grant.currency) for grant, _ in paid}, now)
    settled = [_paid(books[grant.customer_id, grant.currency], grant, settlement, at) for grant, at in paid]
    store.grants.save(*settled)
    store.ledger.book([booked for book in books.values() for booked in book.booked])
    return settled


def note_payments(store: LedgerStore, told: Iterable[tuple[CreditGrant, Settlement, datetime]]) -> None:
    """Grants of locked customers whose invoices are promised to be paid, or are not any more.

    Nothing is booked of them: the invoice has books of its own.
    """
    noted = [
        grant.settled(settlement, at)
        for grant, settlement, at in told
        if grant.purchase is not None and grant.purchase.settlement is not settlement
    ]
    if noted:
        store.grants.save(*noted)


def _paid(book: Book, grant: CreditGrant, settlement: Settlement, paid_at: datetime) -> CreditGrant:
    book.pay(grant, settlement)
    settled = grant.settled(settlement, paid_at)
    if grant.available_at is None and settled.available_at is not None:
        book.fund(settled)
    return settled


class SettlePurchase:
    """For payments of one kind: those outside of our books, or those of our invoices."""

    def __init__(self, begin: Begin[LedgerStore], funding: Funding, now: Callable[[], datetime] = clock.now) -> None:
        self._begin = begin
        self._funding = funding
        self._now = now

    def __call__(self, namespace: str, customer_id: str, grant_id: str, settlement: Settlement) -> CreditGrant:
        """Book the payment; what is that far already stays as it is. A settled invoice makes its credit available.

        Raises:
            NotFound: there is no such customer or grant.
            InvalidInput: it is paid for in another way, or not at all.
            Conflict: `settlement_status`: the payment has come further.
        """
        with self._begin(namespace) as work:
            customer = lock_customer(work, customer_id)
            grant, at = found_grant(work.store, customer.id, grant_id), self._now()
            if not self._is_news(grant, settlement):
                return grant
            [settled] = book_payments(work.store, [(grant, at)], settlement, at)
            work.publish(grant_paid(settled, at))
            work.commit()
        return settled

    def _is_news(self, grant: CreditGrant, settlement: Settlement) -> bool:
        if grant.purchase is None or grant.funding is not self._funding:
            message = f"the credit grant is funded by {grant.funding}"
            raise InvalidInput(message, [Problem("/status", f"not_funded_by_{self._funding}", message)])
        present = grant.purchase.settlement
        if _ORDER.index(settlement) < _ORDER.index(present):
            raise Conflict(f"the payment is {present} already", "settlement_status")
        return settlement is not present
