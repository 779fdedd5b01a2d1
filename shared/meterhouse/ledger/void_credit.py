"""A credit grant is voided: nothing is left of it from then on."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime

from meterhouse.kernel.errors import Conflict
from meterhouse.ledger.credit_grant import CreditGrant, GrantStatus
from meterhouse.ledger.customer_book import found_grant, lock_customer, open_book
from meterhouse.ledger.events import grant_voided
from meterhouse.ledger.ports import LedgerStore
from meterhouse.platform import clock
from meterhouse.platform.work import Begin


class VoidCredit:
    def __init__(self, begin: Begin[LedgerStore], now: Callable[[], datetime] = clock.now) -> None:
        self._begin = begin
        self._now = now

    def __call__(self, namespace: str, customer_id: str, grant_id: str) -> CreditGrant:
        """Void it now; what was burnt stays burnt, what was paid stays paid. One that is voided stays as it is.

        Raises:
            NotFound: there is no such customer or grant.
            Conflict: `credit_grant_not_active`: it is pending, or expired.
        """
        with self._begin(namespace) as work:
            customer = lock_customer(work, customer_id)
            at = self._now()
            grant = found_grant(work.store, customer.id, grant_id)
            status = grant.status_at(at)
            if status is GrantStatus.VOIDED:
                return grant
            if status is not GrantStatus.ACTIVE:
                raise Conflict(f"the credit grant is {status}, and only an active one is voided", _NOT_ACTIVE)
            voided = replace(grant, voided_at=at, updated_at=at)
            book = open_book(work.store, customer.id, grant.currency, at)
            book.void(voided)
            work.store.grants.save(voided)
            work.store.ledger.book(book.booked)
            work.publish(grant_voided(voided))
            work.commit()
        return voided


def forgotten(store: LedgerStore, grants: Iterable[CreditGrant], at: datetime) -> list[CreditGrant]:
    """Pending grants whose invoices will not be paid: they are never there."""
    voided = [replace(grant, voided_at=at, updated_at=at) for grant in grants]
    store.grants.save(*voided)
    return voided


_NOT_ACTIVE = "credit_grant_not_active"
