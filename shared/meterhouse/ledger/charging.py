"""Charges to the credit of customers that the caller has locked: burnt, given back, earned. Each once for its key."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from itertools import groupby

from meterhouse.kernel.errors import Conflict, NotFound
from meterhouse.kernel.rounding import EXACT
from meterhouse.ledger.book import Book, Collected
from meterhouse.ledger.charge import Allocation, Charge, Correction, Mode
from meterhouse.ledger.customer_book import open_books
from meterhouse.ledger.ports import LedgerStore, Owner
from meterhouse.ledger.transaction import NOTHING, Transaction

Charged = tuple[str, Charge]
"""A customer's id, and what is charged to the customer's credit."""


def collect_credit(store: LedgerStore, charged: Iterable[Charged], at: datetime) -> Mapping[str, Collected]:
    """Burn credit for charges of existing customers, in this order; by key what credit bears of each then.

    Any number takes a handful of statements. What was charged before stays as it is: what was left to be invoiced
    of it, too, whatever was given back since.

    Raises:
        Conflict: `charge_differs`: a key was charged with something else.
    """
    wanted = {charge.key: (customer_id, charge) for customer_id, charge in charged}
    known = store.ledger.charges(wanted)
    _refuse_others(wanted, known)
    news = [one for key, one in wanted.items() if key not in known]
    if news:
        store.ledger.add_charges(news, at)
        store.ledger.book(_burnt(store, news, at))
    borne, burnt = store.ledger.realised(wanted), store.ledger.burnt_at_first(wanted)
    return {
        key: Collected(tuple(borne.get(key, ())), _rest(charge, burnt.get(key, NOTHING)))
        for key, (_, charge) in wanted.items()
    }


def give_back(store: LedgerStore, charge_keys: Collection[str], key: str, at: datetime) -> None:
    """Give back whatever bears these charges; what was given back before stays as it is."""
    borne = store.ledger.realised(charge_keys)
    wanted = {charge: total for charge, allocations in borne.items() if (total := _total(allocations)) > NOTHING}
    _correct(store, wanted, borne, key, at)


def give_back_part(store: LedgerStore, amounts: Mapping[str, Decimal], key: str, at: datetime) -> None:
    """Give back so much of what bears each charge, by its key, the last burnt first; once for `key`.

    Raises:
        NotFound: there is no such charge.
        ValueError: an amount is not more than 0, or more than what credit bears.
    """
    # the first of the transactions that a correction writes
    firsts = {one: f"charge/{one}/corrected/{key}/1" for one in amounts}
    done = store.ledger.written(firsts.values())
    news = {one: amount for one, amount in amounts.items() if firsts[one] not in done}
    if news:
        _correct(store, news, store.ledger.realised(news), key, at)


def borne_by_credit(store: LedgerStore, charge_keys: Collection[str]) -> dict[str, Decimal]:
    """What credit bears of these charges by now, by key; those of which it bears nothing are left out."""
    borne = store.ledger.realised(charge_keys) if charge_keys else {}
    return {key: _total(allocations) for key, allocations in borne.items()}


def recognise_credit(store: LedgerStore, charge_keys: Collection[str], key: str, at: datetime) -> None:
    """What these charges burnt, less what was given back since, is earned; once for `key`."""
    accrued = store.ledger.accrued(charge_keys)
    done = store.ledger.written([f"charge/{one}/recognised/{key}" for one in accrued])
    news = [one for one in accrued if f"charge/{one}/recognised/{key}" not in done]
    booked: list[Transaction] = []
    for customer_id, charge in store.ledger.charges(news).values():
        book = Book(customer_id, charge.currency, at)
        book.recognise(charge, accrued[charge.key], key)
        booked += book.booked
    store.ledger.book(booked)


def _correct(
    store: LedgerStore,
    amounts: Mapping[str, Decimal],
    borne: Mapping[str, Sequence[Allocation]],
    key: str,
    at: datetime,
) -> None:
    if not amounts:
        return
    found = store.ledger.charges(amounts)
    for charge_key in amounts:
        if charge_key not in found:
            raise NotFound("charge", charge_key)
    booked: list[Transaction] = []
    for book, charges in _books(store, found.values(), at):
        book.correct([Correction(one, borne.get(one.key, ()), amounts[one.key]) for one in charges], key)
        booked += book.booked
    store.ledger.book(booked)


def _burnt(store: LedgerStore, charged: Iterable[Charged], at: datetime) -> list[Transaction]:
    """The charges in the books of their customers, each in its order."""
    booked: list[Transaction] = []
    for book, charges in _books(store, charged, at):
        for charge in charges:
            book.collect(charge)
        booked += book.booked
    return booked


def _books(store: LedgerStore, charged: Iterable[Charged], at: datetime) -> Iterable[tuple[Book, list[Charge]]]:
    """The open book of each customer and currency, with what is charged in it."""
    by_owner = sorted(charged, key=_owner)
    books = open_books(store, {_owner(one) for one in by_owner}, at)
    for owner, charges in groupby(by_owner, key=_owner):
        yield books[owner], [charge for _, charge in charges]


def _total(allocations: Iterable[Allocation]) -> Decimal:
    return Collected(tuple(allocations), NOTHING).total


def _owner(charged: Charged) -> Owner:
    return charged[0], charged[1].currency


def _rest(charge: Charge, burnt: Decimal) -> Decimal:
    return NOTHING if charge.mode is Mode.CREDIT_ONLY else EXACT.subtract(charge.amount, burnt)


def _refuse_others(wanted: Mapping[str, Charged], known: Mapping[str, Charged]) -> None:
    for key, (customer_id, charge) in known.items():
        if (customer_id, replace(charge, name=wanted[key][1].name)) != wanted[key]:
            raise Conflict(f"{key!r} was charged with something else", "charge_differs")
