"""What rooms above charge to customers' credit, each in a transaction of its own or one that it joins."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from decimal import Decimal

from meterhouse.kernel.errors import NotFound
from meterhouse.ledger.book import Collected
from meterhouse.ledger.charge import Allocation, Charge
from meterhouse.ledger.charging import Charged, collect_credit, recognise_credit
from meterhouse.ledger.customer_book import lock_customer, open_book
from meterhouse.ledger.ports import LedgerStore
from meterhouse.platform import clock
from meterhouse.platform.work import Begin


class ChargeCredit:
    """Begun inside a transaction of the caller it joins that: an invoice and what credit bears of it are one."""

    def __init__(self, begin: Begin[LedgerStore], now: Callable[[], datetime] = clock.now) -> None:
        self._begin = begin
        self._now = now

    def collect(self, namespace: str, charged: Iterable[Charged]) -> Mapping[str, Collected]:
        """`collect_credit`, once nobody else works on the customers."""
        wanted = list(charged)
        with self._begin(namespace) as work:
            work.store.ledger.lock_customers({customer_id for customer_id, _ in wanted})
            collected = collect_credit(work.store, wanted, self._now())
            work.commit()
        return collected

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
            if not ledger.written([f"charge/{charge_key}/corrected/{key}/1"]):
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
            _found(work.store, customer_id, charge_key)
            recognise_credit(work.store, [charge_key], key, self._now())
            work.commit()


def _found(store: LedgerStore, customer_id: str, key: str) -> Charge:
    owner, charge = store.ledger.charges([key]).get(key, (None, None))
    if charge is None or owner != customer_id:
        raise NotFound("charge", key)
    return charge
