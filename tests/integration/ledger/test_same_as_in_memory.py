"""Whatever happens, the database holds what the pure book came to, kept in memory."""

import random
from decimal import Decimal
from itertools import pairwise

import pytest

from meterhouse.kernel.errors import Conflict
from meterhouse.ledger.balance import EVERYTHING, Scope
from meterhouse.ledger.charge import Charge, Mode
from meterhouse.ledger.credit_grant import GrantStatus
from tests.integration.ledger.conftest import USD, Till
from tests.unit.ledger.samples import Shelf, hours

STEPS = 40
SEEDS = (*range(12), 31, 56)
"""In the last two a charge that several grants bear is given back in parts, of which the order of burning shows."""
FEATURES = (None, ("api",), ("api", "storage"))


class Twins:
    """The same happens to both."""

    def __init__(self, till: Till, seed: int) -> None:
        self.till = till
        self.shelf = Shelf()
        self.draw = random.Random(seed)  # noqa: S311 - a seed
        self.hour = 0

    def step(self, number: int) -> None:
        self.hour += self.draw.randint(0, 2)
        self.till.now = hours(self.hour)
        self.draw.choice(
            [self.grant, self.grant, self.charge, self.charge, self.charge, self.correct, self.void, self.expire]
        )(number)

    def amount(self) -> Decimal:
        return Decimal(self.draw.randint(1, 3000)).scaleb(-2)

    def grant(self, _number: int) -> None:
        made = self.till.grant(
            self.amount(),
            priority=self.draw.randint(1, 3),
            features=self.draw.choice(FEATURES),
            effective_at=hours(self.hour + self.draw.randint(-2, 3)),
            expires_after=self.draw.choice([None, "PT4H", "PT9H"]),
        )
        self.shelf.fund(made, at=self.till.now)

    def charge(self, number: int) -> None:
        at, mode = hours(self.hour - self.draw.randint(0, 5)), self.draw.choice(list(Mode))
        feature = self.draw.choice([None, "api", "storage"])
        wanted = Charge(f"{self.till.namespace}:{number}", USD, self.amount(), at, mode, feature)
        told = self.till.charging().collect([(self.till.customer, wanted)])[wanted.key]
        self.shelf.collect(wanted, at=self.till.now)
        assert list(told.allocations) == self.shelf.realised(wanted.key)

    def correct(self, number: int) -> None:
        for key in [key for key in self.shelf.charges if self.draw.random() < 0.2]:
            burnt = sum((one.amount for one in self.shelf.realised(key)), Decimal(0))
            part = (burnt / 2).quantize(Decimal("0.01"))
            if part:
                charging = self.till.charging()
                told = charging.give_back(self.till.customer, key, part, str(number))
                self.shelf.correct(key, -part, str(number), at=self.till.now)
                assert list(told) == self.shelf.realised(key)

    def void(self, _number: int) -> None:
        for grant in list(self.shelf.grants.values()):
            if grant.status_at(self.till.now) is GrantStatus.VOIDED:
                assert self.till.void(grant) == grant
                continue
            if grant.status_at(self.till.now) is not GrantStatus.ACTIVE:
                with pytest.raises(Conflict):
                    self.till.void(grant)
                continue
            voided = self.till.void(grant)
            book = self.shelf.book(self.till.now)
            self.shelf.grants[grant.id] = voided
            book.void(voided)
            self.shelf.keep(book)
            return

    def expire(self, _number: int) -> None:
        self.till.expire()
        self.shelf.expire(self.till.now)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_database_holds_what_the_book_came_to(till: Till, seed: int) -> None:
    twins = Twins(till, seed)
    for number in range(STEPS):
        twins.step(number)

    shelf = twins.shelf
    assert till.positions() == sorted(shelf.positions(), key=lambda one: one.grant.id)
    with till.begin(till.namespace) as work:
        ledger = work.store.ledger
        for as_of in (None, hours(5), hours(twins.hour)):
            known = {one.grant.id: one for one in shelf.positions(as_of)}
            held = ledger.holdings([till.customer], USD, as_of)[till.customer, USD]
            assert {one.grant.id: one for one in held.positions} == known
            open_ = {one.charge: one.amount for one in shelf.advances(as_of)}
            assert {one.charge: one.amount for one in held.advances} == open_
        keys = {row["key"] for row in till.rows("SELECT key FROM ledger_transactions WHERE namespace = %(namespace)s")}
        assert keys == {one.key for one in shelf.transactions}
    for scope in (EVERYTHING, Scope(is_all=False), Scope(is_all=False, feature="api")):
        for at in (hours(5), hours(twins.hour), hours(1000)):
            listed = till.movements(at, scope)
            assert all(one.after == newer.before for newer, one in pairwise(listed))
            assert (listed[0].after if listed else 0) == till.balance(at, scope).settled
