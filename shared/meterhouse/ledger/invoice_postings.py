"""Which entries the steps of an invoice make. What is owed is negative on its account, as everywhere in the books."""

from __future__ import annotations

from decimal import Decimal
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from meterhouse.kernel.rounding import EXACT
from meterhouse.ledger.account import Account, CostBasis, Payment, Route
from meterhouse.ledger.transaction import Entry

if TYPE_CHECKING:
    from meterhouse.ledger.postings import Entries

_ONE = Decimal(1)
_CURRENCIES = 256


class Owed(NamedTuple):
    """What an invoice comes to, in parts.

    Attributes:
        services: what is earned by it.
        purchases: what is paid on it for credit, which is earned as that is burnt.
        taxes: what the state gets.
    """

    currency: str
    services: Decimal
    purchases: Decimal
    taxes: Decimal

    @property
    def total(self) -> Decimal:
        return EXACT.add(EXACT.add(self.services, self.purchases), self.taxes)


def invoicing(owed: Owed) -> Entries:
    """The customer is to pay the total."""
    return _written(
        Entry(Account.RECEIVABLE, _payable(owed.currency, Payment.OPEN), EXACT.minus(owed.total)),
        Entry(Account.ACCRUED, _money(owed.currency), owed.services),
        Entry(Account.BROKERAGE, _plain(owed.currency), owed.purchases),
        Entry(Account.TAXES, _plain(owed.currency), owed.taxes),
    )


def earning(owed: Owed) -> Entries:
    """What was invoiced for services is earned."""
    return _written(
        Entry(Account.ACCRUED, _money(owed.currency), EXACT.minus(owed.services)),
        Entry(Account.EARNINGS, _money(owed.currency), owed.services),
    )


def promising(owed: Owed) -> Entries:
    """Somebody promised the money."""
    return _paid(owed, Payment.OPEN, Payment.AUTHORIZED)


def releasing(owed: Owed) -> Entries:
    """The promise came to nothing."""
    return _paid(owed, Payment.AUTHORIZED, Payment.OPEN)


def paying(owed: Owed) -> Entries:
    """The promised money is there."""
    total = owed.total
    return _written(
        Entry(Account.RECEIVABLE, _payable(owed.currency, Payment.AUTHORIZED), total),
        Entry(Account.WASH, _plain(owed.currency), EXACT.minus(total)),
    )


def losing(owed: Owed) -> Entries:
    """Nobody will pay what is open."""
    return _written(
        Entry(Account.RECEIVABLE, _payable(owed.currency, Payment.OPEN), owed.total),
        Entry(Account.LOSSES, _plain(owed.currency), EXACT.minus(owed.total)),
    )


def refunding(owed: Owed) -> Entries:
    """What was paid for services and taxes is not earned after all: it goes back to where it came from."""
    return _written(
        Entry(Account.EARNINGS, _money(owed.currency), EXACT.minus(owed.services)),
        Entry(Account.TAXES, _plain(owed.currency), EXACT.minus(owed.taxes)),
        Entry(Account.WASH, _plain(owed.currency), EXACT.add(owed.services, owed.taxes)),
    )


def negated(entries: Entries) -> Entries:
    """As if it had not happened."""
    return tuple(Entry(one.account, one.route, EXACT.minus(one.amount), one.grant_id) for one in entries)


def _paid(owed: Owed, before: Payment, after: Payment) -> Entries:
    return _written(
        Entry(Account.RECEIVABLE, _payable(owed.currency, before), owed.total),
        Entry(Account.RECEIVABLE, _payable(owed.currency, after), EXACT.minus(owed.total)),
    )


# the few sub-accounts of a currency, for all its invoices
@lru_cache(_CURRENCIES)
def _plain(currency: str) -> Route:
    return Route(currency)


@lru_cache(_CURRENCIES * len(Payment))
def _payable(currency: str, payment: Payment) -> Route:
    return Route(currency, payment=payment)


@lru_cache(_CURRENCIES)
def _money(currency: str) -> Route:
    """A unit of money costs one of itself."""
    return Route(currency, CostBasis(_ONE, currency))


def _written(*entries: Entry) -> Entries:
    return tuple(entry for entry in entries if entry.amount)
