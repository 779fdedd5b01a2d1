"""What rooms above charge to a customer's credit: burnt, given back, earned. Each once for its key."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from decimal import Decimal

from meterhouse.kernel.errors import Conflict, NotFound
from meterhouse.kernel.rounding import EXACT
from meterhouse.ledger.book import Collected
from meterhouse.ledger.charge import Allocation, Charge, Mode
from meterhouse.ledger.customer_book import lock_customer, open_book
from meterhouse.ledger.ports import LedgerStore
from meterhouse.ledger.transaction import NOTHING
from meterhouse.platform import clock
from meterhouse.platform.work import Begin


class ChargeCredit:
    """Begun inside a transaction of the caller it joins that: an invoice and what credit bears of it are one."""

    def __init__(self, begin: Begin[LedgerStore], now: Callable[[], datetime] = clock.now) -> None:
        self._begin = begin
        self._now = now

    def collect(self, namespace: str, customer_id: str, charge: Charge) -> Collected:
        """Burn credit for a charge; of one that was charged before, what credit bears of it now.

        Raises:
            NotFound: there is no such customer.
            Conflict: `charge_differs`: the key was charged with something else.
        """
        with self._begin(namespace) as work:
            lock_customer(work, customer_id)
            known = work.store.ledger.charge(customer_id, charge.key)
            if known is None:
                at = self._now()
                work.store.ledger.add_charge(customer_id, charge, at)
                book = open_book(work.store, customer_id, charge.currency, at)
                book.collect(charge)
                work.store.ledger.book(book.booked)
                work.commit()
            elif replace(known, name=charge.name) != charge:
                raise Conflict(f"{charge.key!r} was charged with something else", "charge_differs")
            allocations = tuple(work.store.ledger.realised(charge.key))
        borne = Collected(allocations, NOTHING).total
        rest = NOTHING if charge.mode is Mode.CREDIT_ONLY else EXACT.subtract(charge.amount, borne)
        return Collected(allocations, rest)

    def correct(self, namespace: str, customer_id: str, charge_key: str, amount: Decimal, key: str) -> list[Allocation]:
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
                book.correct(charge, ledger.realised(charge_key), amount, key)
                ledger.book(book.booked)
                work.commit()
            return ledger.realised(charge_key)

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


def _found(store: LedgerStore, customer_id: str, key: str) -> Charge:
    charge = store.ledger.charge(customer_id, key)
    if charge is None:
        raise NotFound("charge", key)
    return charge
