"""What rooms above charge to customers' credit: burnt, given back, earned. Each once for its key."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from itertools import groupby

from meterhouse.kernel.errors import Conflict, NotFound
from meterhouse.kernel.rounding import EXACT
from meterhouse.ledger.book import Book, Collected
from meterhouse.ledger.charge import Allocation, Charge, Mode
from meterhouse.ledger.customer_book import lock_customer, open_book
from meterhouse.ledger.ports import NOTHING_HELD, LedgerStore, Owner
from meterhouse.ledger.transaction import NOTHING, Transaction
from meterhouse.platform import clock
from meterhouse.platform.work import Begin

Charged = tuple[str, Charge]
"""A customer's id, and what is charged to the customer's credit."""


class ChargeCredit:
    """Begun inside a transaction of the caller it joins that: an invoice and what credit bears of it are one."""

    def __init__(self, begin: Begin[LedgerStore], now: Callable[[], datetime] = clock.now) -> None:
        self._begin = begin
        self._now = now

    def collect(self, namespace: str, charged: Iterable[Charged]) -> Mapping[str, Collected]:
        """Burn credit for charges of existing customers, in this order; by key what credit bears of each then.

        Any number takes a handful of statements. What was charged before stays as it is: what was left to be invoiced
        of it, too, whatever was given back since.

        Raises:
            Conflict: `charge_differs`: a key was charged with something else.
        """
        wanted = {charge.key: (customer_id, charge) for customer_id, charge in charged}
        with self._begin(namespace) as work:
            ledger = work.store.ledger
            ledger.lock_customers({customer_id for customer_id, _ in wanted.values()})
            known = ledger.charges(wanted)
            _refuse_others(wanted, known)
            news = [one for key, one in wanted.items() if key not in known]
            if news:
                at = self._now()
                ledger.add_charges(news, at)
                ledger.book(_burnt(work.store, news, at))
                work.commit()
            borne, burnt = ledger.realised(wanted), ledger.burnt_at_first(wanted)
        return {
            key: Collected(tuple(borne.get(key, ())), _rest(charge, burnt.get(key, NOTHING)))
            for key, (_, charge) in wanted.items()
        }

    def correct(
        self, namespace: str, customer_id: str, charge_key: str, amount: Decimal, key: str
    ) -> tuple[Allocation, ...]:
        """Give back `-amount` of what the charge burnt, once for `key`; what credit bears of it then.

        Raises:
            NotFound: there is no such customer or charge.
            ValueError: `amount` is positive, or more than what credit bears.
        """
        with self._begin(namespace) as work:
            lock_customer(work, customer_id)
            ledger = work.store.ledger
            charge = _found(work.store, customer_id, charge_key)
            # the first of the transactions that a correction writes
            if not ledger.has(f"charge/{charge_key}/corrected/{key}/1"):
                book = open_book(work.store, customer_id, charge.currency, self._now())
                book.correct(charge, ledger.realised([charge_key]).get(charge_key, ()), amount, key)
                ledger.book(book.booked)
                work.commit()
            return tuple(ledger.realised([charge_key]).get(charge_key, ()))

    def recognise(self, namespace: str, customer_id: str, charge_key: str, key: str) -> None:
        """What the charge burnt, less what was given back since, is earned; once for `key`.

        Raises:
            NotFound: there is no such customer or charge.
        """
        with self._begin(namespace) as work:
            lock_customer(work, customer_id)
            ledger = work.store.ledger
            charge = _found(work.store, customer_id, charge_key)
            if not ledger.has(f"charge/{charge_key}/recognised/{key}"):
                book = open_book(work.store, customer_id, charge.currency, self._now())
                book.recognise(charge, ledger.accrued(charge_key), key)
                ledger.book(book.booked)
                work.commit()


def _burnt(store: LedgerStore, charged: Iterable[Charged], at: datetime) -> list[Transaction]:
    """The charges in the books of their customers, each in its order."""
    by_owner = sorted(charged, key=_owner)
    holdings = store.ledger.holdings({customer_id for customer_id, _ in by_owner})
    booked: list[Transaction] = []
    for owner, charges in groupby(by_owner, key=_owner):
        holding = holdings.get(owner, NOTHING_HELD)
        book = Book(*owner, at, holding.positions, holding.advances)
        for _, charge in charges:
            book.collect(charge)
        booked += book.booked
    return booked


def _owner(charged: Charged) -> Owner:
    return charged[0], charged[1].currency


def _rest(charge: Charge, burnt: Decimal) -> Decimal:
    return NOTHING if charge.mode is Mode.CREDIT_ONLY else EXACT.subtract(charge.amount, burnt)


def _refuse_others(wanted: Mapping[str, Charged], known: Mapping[str, Charged]) -> None:
    for key, (customer_id, charge) in known.items():
        if (customer_id, replace(charge, name=wanted[key][1].name)) != wanted[key]:
            raise Conflict(f"{key!r} was charged with something else", "charge_differs")


def _found(store: LedgerStore, customer_id: str, key: str) -> Charge:
    owner, charge = store.ledger.charges([key]).get(key, (None, None))
    if charge is None or owner != customer_id:
        raise NotFound("charge", key)
    return charge
