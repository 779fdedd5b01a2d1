"""What is told of a customer's credit."""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from meterhouse.ledger.balance import CreditBalance, OpenCharge, Scope, balance_of
from meterhouse.ledger.credit_grant import CreditGrant, GrantStatus
from meterhouse.ledger.customer_book import found_customer, found_grant, open_book
from meterhouse.ledger.ports import GrantFilter, LedgerStore, Movement, MovementFilter, OpenCharges
from meterhouse.ledger.transaction import Kind, Transaction
from meterhouse.platform import clock
from meterhouse.platform.work import Begin


@dataclass(frozen=True, slots=True)
class Told:
    """Something as it was at `at`."""

    balances: Sequence[CreditBalance]
    at: datetime


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
        as_of = at or self._now()
        with self._begin(namespace) as work:
            found_customer(work.store, customer_id)
            # who asks for an instant asks for what was booked by then, and of no open charges
            charges = None if at is not None else list(self._open_charges(namespace, customer_id, as_of))
            ledger = work.store.ledger
            balances = [
                balance_of(
                    currency,
                    as_of,
                    scope,
                    ledger.positions(customer_id, currency, as_of),
                    ledger.advances(customer_id, currency, as_of),
                    None if charges is None else [one for one in charges if one.currency == currency],
                )
                for currency in sorted({*ledger.currencies(customer_id), *(one.currency for one in charges or ())})
            ]
        return Told(balances, as_of)

    def movements(self, namespace: str, wanted: MovementFilter) -> list[Movement]:
        """What was booked until `wanted.at`, newest first; what is over by then has ended, whether booked or not.

        Raises:
            NotFound: there is no such customer.
        """
        with self._begin(namespace) as work:
            found_customer(work.store, wanted.customer_id)
            ending = [
                one
                for currency in work.store.ledger.currencies(wanted.customer_id)
                for one in _ending(work.store, wanted, currency)
            ]
            return work.store.ledger.movements(wanted, ending)


def _ending(store: LedgerStore, wanted: MovementFilter, currency: str) -> Collection[Transaction]:
    """What will be booked of the grants that are over, to the letter."""
    book = open_book(store, wanted.customer_id, currency, wanted.at)
    over = {
        position.grant.id
        for position in book.positions
        if position.remaining
        and position.grant.status_at(wanted.at) is GrantStatus.EXPIRED
        and wanted.scope.holds_credit(position.grant.features)
    }
    book.expire(over)
    return [one for one in book.booked if one.kind is Kind.EXPIRED]
