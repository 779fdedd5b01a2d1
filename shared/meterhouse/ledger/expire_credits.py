"""What is left of expired credit is booked as breakage, at the instant it expired."""

from collections.abc import Callable
from datetime import datetime
from itertools import groupby

from meterhouse.ledger.credit_grant import CreditGrant
from meterhouse.ledger.customer_book import open_books
from meterhouse.ledger.events import grant_expired
from meterhouse.ledger.list_expired_credits import ExpiryBatch
from meterhouse.ledger.ports import LedgerStore, Owner
from meterhouse.platform import clock
from meterhouse.platform.work import Begin


class ExpireCredits:
    def __init__(self, begin: Begin[LedgerStore], now: Callable[[], datetime] = clock.now) -> None:
        self._begin = begin
        self._now = now

    def __call__(self, batch: ExpiryBatch) -> int:
        """Book the expiry of the batch's grants in one transaction; how many there were that nobody had booked."""
        wanted = (batch.until, batch.after_id, batch.up_to_id)
        with self._begin(batch.namespace) as work:
            customers = {grant.customer_id for grant in work.store.grants.over(*wanted)}
            work.store.ledger.lock_customers(customers)
            # as they are once nobody else works on their customers
            over = [grant for grant in work.store.grants.over(*wanted) if grant.customer_id in customers]
            # no sooner than what chose them: of two clocks one is behind, and what is marked is not found again
            books = open_books(work.store, {_owner(grant) for grant in over}, max(self._now(), batch.until))
            for owner, grants in groupby(over, key=_owner):
                books[owner].expire(grant.id for grant in grants)
            work.store.ledger.book([booked for book in books.values() for booked in book.booked])
            work.store.grants.mark_expired([grant.id for grant in over])
            work.publish(*(grant_expired(grant) for grant in over if grant.voided_at is None))
            work.commit()
        return len(over)


def _owner(grant: CreditGrant) -> Owner:
    return grant.customer_id, grant.currency
