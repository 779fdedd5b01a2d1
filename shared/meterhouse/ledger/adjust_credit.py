"""A customer's credit is adjusted by hand: more is given, or some is taken."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from meterhouse.kernel.errors import Conflict, Problem, Problems
from meterhouse.kernel.rounding import EXACT
from meterhouse.ledger.credit_grant import Funding
from meterhouse.ledger.customer_book import lock_customer, open_book
from meterhouse.ledger.grant_credit import add_grant
from meterhouse.ledger.grant_rules import CreditGrantSpec, Known, check_amount, known_currency, new_credit_grant
from meterhouse.ledger.ports import LedgerStore
from meterhouse.ledger.transaction import Words
from meterhouse.platform import clock, ids
from meterhouse.platform.work import Begin, Work


@dataclass(frozen=True, slots=True)
class Adjustment:
    """`amount` above 0 gives, below takes."""

    name: str
    currency: str
    amount: Decimal
    description: str | None = None
    labels: Mapping[str, str] = field(default_factory=dict)

    @property
    def words(self) -> Words:
        """What is told of what is taken."""
        return Words(self.name, self.description, self.labels)


class AdjustCredit:
    def __init__(
        self,
        begin: Begin[LedgerStore],
        now: Callable[[], datetime] = clock.now,
        new_id: Callable[[], str] = ids.new_id,
    ) -> None:
        self._begin = begin
        self._now = now
        self._new_id = new_id

    def __call__(self, namespace: str, customer_id: str, adjustment: Adjustment) -> None:
        """Give a grant that nobody pays for, without end; or void as much of what there is, in the order of burning.

        Raises:
            NotFound: there is no such customer.
            InvalidInput: the currency or the amount is faulty.
            Conflict: `insufficient_credit`: less is there than is to be taken.
        """
        problems = Problems()
        with self._begin(namespace) as work:
            customer_id = lock_customer(work, customer_id).id
            custom = work.store.currencies.by_codes([adjustment.currency])
            check_amount(
                adjustment.amount, known_currency(adjustment.currency, "/currency", problems, custom), problems
            )
            problems.raise_if_any("the credit cannot be adjusted")
            if adjustment.amount > 0:
                gift = new_credit_grant(self._new_id(), customer_id, _gift(adjustment), Known(custom), self._now())
                add_grant(work, gift)
            else:
                self._take(work, customer_id, adjustment)
            work.commit()

    def _take(self, work: Work[LedgerStore], customer_id: str, adjustment: Adjustment) -> None:
        book = open_book(work.store, customer_id, adjustment.currency, self._now())
        amount = EXACT.minus(adjustment.amount)
        lacking = book.withdraw(amount, f"adjustment/{self._new_id()}", adjustment.words)
        if lacking:
            available = f"{EXACT.subtract(amount, lacking):f}"
            message = f"the customer has {available} {adjustment.currency} of credit"
            fault = Problem("/amount", "insufficient_credit", message)
            raise Conflict(message, "insufficient_credit", [fault], {"available": available})
        work.store.ledger.book(book.booked)


def _gift(adjustment: Adjustment) -> CreditGrantSpec:
    return CreditGrantSpec(
        name=adjustment.name,
        funding=Funding.NONE,
        currency=adjustment.currency,
        amount=adjustment.amount,
        description=adjustment.description,
        labels=adjustment.labels,
    )
