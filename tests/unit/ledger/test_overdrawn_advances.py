"""What several charges given back one by one left until 26 November 2026 is put right by whatever happens next."""

from decimal import Decimal

import pytest

from meterhouse.ledger.account import Account
from meterhouse.ledger.charge import Allocation, Correction, Mode, corrections, uncoverings
from meterhouse.ledger.transaction import sums
from tests.unit.ledger.samples import Shelf, charge, grant, hours

SOME, ALL = Decimal("6.67"), Decimal(10)


def overdrawn(given_back: Decimal, **lasting: str) -> Shelf:
    """A grant of 10 bore "a", nothing bore "b"; of both as much was given back, of what had borne them before."""
    shelf = Shelf()
    shelf.fund(grant("g1", 10, **lasting))
    for key in ("a", "b"):
        shelf.collect(charge(10, key))
    one_by_one(shelf, given_back)
    assert [(one.charge, one.amount) for one in shelf.advances()] == [("b", 10 - 2 * given_back)]
    return shelf


def one_by_one(shelf: Shelf, given_back: Decimal) -> None:
    book = shelf.book()
    for correction in [Correction(shelf.charges[key], shelf.realised(key), given_back) for key in ("a", "b")]:
        book.correct([correction], "cancelled")
    shelf.keep(book)


def is_sound(shelf: Shelf) -> bool:
    """Nothing is burnt in advance, and all is balanced."""
    entries = [entry for transaction in shelf.transactions for entry in transaction.entries]
    return not shelf.advances() and not any(sums(entries).values())


def borne(shelf: Shelf, key: str) -> Decimal:
    return sum((one.amount for one in shelf.realised(key)), Decimal(0))


def test_the_next_that_is_given_back_of_such_a_charge_comes_back() -> None:
    shelf = overdrawn(SOME)
    shelf.give_back({"b": borne(shelf, "b")}, "again", hours(1))

    assert is_sound(shelf)
    assert shelf.realised("b") == []
    assert shelf.left() == {"g1": ALL - borne(shelf, "a")}


@pytest.mark.parametrize("given_back", [SOME, ALL])
def test_credit_that_was_lost_bears_the_next_charge(given_back: Decimal) -> None:
    shelf = overdrawn(given_back)
    whole = 2 * given_back - 10
    collected = shelf.collect(charge(whole, "c", hours(1), Mode.CREDIT_THEN_INVOICE), hours(1))

    assert (collected.total, collected.rest) == (whole, Decimal(0))
    assert is_sound(shelf)
    assert shelf.of(Account.CREDIT) == 0


def test_a_grant_that_comes_puts_it_right_and_is_whole() -> None:
    shelf = overdrawn(ALL)
    shelf.fund(grant("g2", 3, effective_at=hours(2)), at=hours(2))
    assert is_sound(shelf)
    assert shelf.left() == {"g1": ALL, "g2": Decimal(3)}


def test_of_credit_that_expired_meanwhile_it_expires() -> None:
    shelf = overdrawn(ALL, lasts="PT1H")
    shelf.expire(hours(2))
    assert is_sound(shelf)
    [position] = shelf.positions()
    assert (position.expired, position.remaining) == (ALL, Decimal(0))


def test_it_is_put_right_once() -> None:
    shelf = overdrawn(ALL)
    shelf.expire(hours(1))
    written = len(shelf.transactions)
    shelf.expire(hours(2))
    assert len(shelf.transactions) == written


def test_what_is_below_nothing_is_never_taken_back_further() -> None:
    assert list(corrections([Decimal(5), Decimal(-3)], Decimal(-4))) == [(0, Decimal(-4))]
    with pytest.raises(ValueError, match="more is to be corrected"):
        list(corrections([Decimal(5), Decimal(-3)], Decimal(-6)))


def test_what_no_grant_covers_is_not_given_back() -> None:
    bearing = [Allocation(None, Decimal(-10), hours(0)), Allocation("g1", Decimal(4), hours(0))]
    assert list(uncoverings(bearing)) == [(1, Decimal(-4))]
    assert list(uncoverings([Allocation(None, Decimal(6), hours(0)), *bearing[1:]])) == []


def test_what_comes_back_to_a_grant_that_the_clock_ended_before_ends_once_more_beside_it() -> None:
    shelf = Shelf()
    shelf.fund(grant("g1", 15, lasts="PT1H"))
    for key in ("a", "b"):
        shelf.collect(charge(10, key))
    one_by_one(shelf, ALL)
    shelf.grants["g2"] = grant("g2", 3, lasts="PT4H")
    # as they were booked before anybody gave back what is overdrawn
    book = shelf.book(hours(2))
    book._overdrawn.clear()
    book.expire(["g1"])
    shelf.keep(book)
    book = shelf.book()
    book._overdrawn.clear()
    book.fund(shelf.grants["g2"])
    shelf.keep(book)
    assert not is_sound(shelf)

    book = shelf.book(hours(5))
    book.expire(["g2"])
    shelf.keep(book)  # refuses a key that there is

    assert is_sound(shelf)
    assert shelf.left() == {"g1": 0, "g2": 0}
