"""Whatever happens in whatever order, the books balance and no credit is lost, burnt twice or burnt out of its time."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from meterhouse.ledger.account import Account
from meterhouse.ledger.charge import Charge, Mode
from meterhouse.ledger.credit_grant import CreditGrant, GrantStatus, Settlement
from meterhouse.ledger.position import Position
from meterhouse.ledger.transaction import Kind, Words, sums
from tests.unit.ledger.samples import CUSTOMER, Shelf, bought, charge, grant, hours, kinds

if TYPE_CHECKING:
    from datetime import datetime

AMOUNTS = st.decimals("0.01", "100", places=2)
FEATURES = st.sampled_from([None, "api", "storage"])
SCOPES = st.sampled_from([None, ("api",), ("api", "storage"), ("storage",)])


class Books(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.shelf = Shelf()
        self.now = 0
        self.made = 0
        self.voided: set[str] = set()
        self.burnt_of_voided: dict[tuple[str, str], Decimal] = defaultdict(Decimal)

    def name(self) -> str:
        self.made += 1
        return f"n{self.made:03}"

    @initialize(granted=AMOUNTS, charged=st.lists(AMOUNTS, max_size=3))
    def what_is_granted_and_charged_meets(self, granted: Decimal, charged: list[Decimal]) -> None:
        self.shelf.fund(grant(self.name(), granted), at=hours(self.now))
        for amount in charged:
            self.shelf.collect(charge(amount, self.name(), hours(self.now)), at=hours(self.now))

    @rule(by=st.integers(1, 5))
    def time_passes(self, by: int) -> None:
        self.now += by

    @rule(
        amount=AMOUNTS,
        priority=st.integers(1, 3),
        features=SCOPES,
        begins=st.integers(-5, 5),
        lasts=st.none() | st.integers(6, 12),
        is_bought=st.booleans(),
    )
    def a_grant_is_funded(
        self,
        amount: Decimal,
        priority: int,
        features: tuple[str, ...] | None,
        begins: int,
        lasts: int | None,
        *,
        is_bought: bool,
    ) -> None:
        purchase = {"purchase": bought("0.5", amount)} if is_bought else {}
        made = grant(
            self.name(),
            amount,
            priority=priority,
            features=features,
            effective_at=hours(self.now + begins),
            lasts=None if lasts is None else f"PT{lasts}H",
            **purchase,
        )
        self.shelf.fund(made, at=hours(self.now))

    @rule(amount=AMOUNTS, feature=FEATURES, ago=st.integers(0, 10), mode=st.sampled_from(Mode))
    def something_is_charged(self, amount: Decimal, feature: str | None, ago: int, mode: Mode) -> None:
        wanted = charge(amount, self.name(), hours(self.now - ago), mode, feature=feature)
        collected = self.shelf.collect(wanted, at=hours(self.now))

        assert collected.total + collected.rest == amount
        assert mode is Mode.CREDIT_THEN_INVOICE or not collected.rest
        for allocation in collected.allocations:
            if allocation.grant_id is not None:
                self.is_fit(self.shelf.grants[allocation.grant_id], wanted)

    def is_fit(self, used: CreditGrant, wanted: Charge) -> None:
        assert used.available_at is not None
        assert used.available_at <= wanted.at
        assert used.expires_at is None or wanted.at < used.expires_at
        assert used.features is None or wanted.feature in used.features

    @precondition(lambda self: self.shelf.charges)
    @rule(data=st.data(), share=st.integers(1, 4))
    def a_charge_is_corrected(self, data: st.DataObject, share: int) -> None:
        self.correct([data.draw(st.sampled_from(sorted(self.shelf.charges)))], share)

    @precondition(lambda self: len(self.shelf.charges) > 1)
    @rule(data=st.data(), share=st.integers(1, 4))
    def all_from_a_charge_on_are_corrected_at_once(self, data: st.DataObject, share: int) -> None:
        first = data.draw(st.integers(0, len(self.shelf.charges) - 2))
        self.correct(sorted(self.shelf.charges)[first:], share)

    def correct(self, keys: Sequence[str], share: int) -> None:
        burnt = {key: sum((one.amount for one in self.shelf.realised(key)), Decimal(0)) for key in keys}
        parts = {key: part for key, amount in burnt.items() if (part := round(amount * share / 4, 2))}
        if parts:
            self.shelf.give_back(parts, self.name(), at=hours(self.now))
            for key, part in parts.items():
                assert sum((one.amount for one in self.shelf.realised(key)), Decimal(0)) == burnt[key] - part

    @precondition(lambda self: self.shelf.grants)
    @rule(data=st.data())
    def a_grant_is_voided(self, data: st.DataObject) -> None:
        found = self.shelf.grants[data.draw(st.sampled_from(sorted(self.shelf.grants)))]
        if found.status_at(hours(self.now)) is GrantStatus.ACTIVE:
            book = self.shelf.book(hours(self.now))
            self.shelf.grants[found.id] = replace(found, voided_at=hours(self.now))
            book.void(self.shelf.grants[found.id])
            self.shelf.keep(book)
            assert not self.shelf.left()[found.id]

    @precondition(lambda self: self.shelf.grants)
    @rule(data=st.data(), settlement=st.sampled_from([Settlement.AUTHORIZED, Settlement.SETTLED]))
    def a_grant_is_paid(self, data: st.DataObject, settlement: Settlement) -> None:
        found = self.shelf.grants[data.draw(st.sampled_from(sorted(self.shelf.grants)))]
        order = list(Settlement)
        if found.purchase and order.index(settlement) > order.index(found.purchase.settlement):
            book = self.shelf.book(hours(self.now))
            book.pay(found, settlement)
            self.shelf.grants[found.id] = found.settled(settlement, hours(self.now))
            self.shelf.keep(book)

    @rule(amount=AMOUNTS)
    def credit_is_taken_by_hand(self, amount: Decimal) -> None:
        book = self.shelf.book(hours(self.now))
        voided = sum(one.voided for one in book.positions)
        lacking = book.withdraw(amount, f"adjustment/{self.name()}", Words("by hand"))
        if not lacking:
            self.shelf.keep(book)
            assert sum(one.voided for one in book.positions) == voided + amount

    @rule()
    def what_is_over_expires_and_once(self) -> None:
        self.shelf.expire(hours(self.now))
        over = {GrantStatus.EXPIRED, GrantStatus.VOIDED}
        for position in self.shelf.positions():
            assert position.grant.status_at(hours(self.now)) not in over or not position.remaining
        written = len(self.shelf.transactions)
        self.shelf.expire(hours(self.now))
        assert len(self.shelf.transactions) == written

    @invariant()
    def everything_balances(self) -> None:
        entries = [entry for transaction in self.shelf.transactions for entry in transaction.entries]
        assert not any(sums(entries).values())
        assert all(transaction.customer_id == CUSTOMER for transaction in self.shelf.transactions)
        assert len({transaction.id for transaction in self.shelf.transactions}) == len(self.shelf.transactions)

    @invariant()
    def every_grant_is_accounted_for(self) -> None:
        for position in self.shelf.positions():
            assert position.funded == position.grant.amount
            assert min(position.remaining, position.burnt, position.expired, position.voided) >= 0

    @invariant()
    def nothing_is_burnt_of_a_voided_grant(self) -> None:
        voided = {made.id for made in self.shelf.grants.values() if made.voided_at is not None}
        burnt: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
        for key in self.shelf.charges:
            for one in self.shelf.realised(key):
                if one.grant_id in voided:
                    burnt[one.grant_id, key] += one.amount
        for (made, key), amount in burnt.items():
            assert made not in self.voided or amount <= self.burnt_of_voided[made, key]
        self.voided, self.burnt_of_voided = voided, burnt

    @invariant()
    def no_more_was_given_back_than_was_burnt_in_advance(self) -> None:
        assert all(advance.amount > 0 for advance in self.shelf.advances())
        assert all(one.amount > 0 for key in self.shelf.charges for one in self.shelf.realised(key))

    @invariant()
    def no_credit_was_burnt_that_was_not_there_then(self) -> None:
        moves: dict[str, list[tuple[datetime, Decimal]]] = defaultdict(list)
        for transaction in self.shelf.transactions:
            for entry in transaction.entries:
                if entry.account is Account.CREDIT and entry.grant_id:
                    moves[entry.grant_id].append((transaction.booked_at, entry.amount))
        for found in moves.values():
            instants = {at for at, _ in found}
            assert all(sum(amount for at, amount in found if at <= until) >= 0 for until in instants)

    @invariant()
    def nothing_is_burnt_in_advance_while_credit_is_there(self) -> None:
        written_at = max((one.recorded_at for one in self.shelf.transactions), default=hours(-99))
        for advance in self.shelf.advances():
            for position in self.shelf.positions():
                made = position.grant
                is_there = made.available_at is not None and made.available_at <= written_at
                if is_there and made.serves(advance.feature) and made.expires_at is None:
                    assert not position.burnable


TestBooks = Books.TestCase
TestBooks.settings = settings(max_examples=120, stateful_step_count=25, deadline=None)

USES = st.lists(st.tuples(AMOUNTS, st.integers(0, 9)), min_size=1, max_size=5)


def outcome(uses: Sequence[tuple[Decimal, int]], expired_before: int) -> list[tuple[Decimal, Decimal, Decimal]]:
    """Of uses in this order, those from `expired_before` on come to be known after the expiry was booked."""
    shelf = Shelf()
    shelf.fund(grant("g1", 100, lasts="PT10H"), grant("g2", 50))
    for number, (amount, used_at) in enumerate(uses):
        if number == expired_before:
            shelf.expire(hours(10))
        known_at = hours(12 if number >= expired_before else 9)
        shelf.collect(charge(amount, f"c{number}", hours(used_at), Mode.CREDIT_THEN_INVOICE), at=known_at)
    shelf.expire(hours(12))
    return [(one.burnt, one.expired, one.remaining) for one in shelf.positions()]


@given(USES, st.integers(0, 5))
def test_it_does_not_matter_whether_usage_is_known_before_or_after_the_expiry_was_booked(
    uses: list[tuple[Decimal, int]], expired_before: int
) -> None:
    assert outcome(uses, expired_before) == outcome(uses, len(uses))


def test_usage_of_before_the_expiry_takes_back_what_expired() -> None:
    shelf = Shelf()
    shelf.fund(grant("g1", 20, lasts="PT10H"))
    shelf.expire(hours(10))

    shelf.collect(charge(5, at=hours(9)), at=hours(30))

    assert kinds(shelf) == [Kind.FUNDED, Kind.EXPIRED, Kind.CONSUMED, Kind.EXPIRED]
    assert [shelf.of(Account.CREDIT, hours(at)) for at in (8, 9, 10)] == [20, 15, 0]
    assert shelf.of(Account.BREAKAGE) == 15


def test_of_several_fees_given_back_at_once_each_gives_back_what_bears_it() -> None:
    """The first one's credit must not cover what the second burnt in advance, and gives back itself."""
    shelf = Shelf()
    shelf.fund(grant("g1", 10))
    shelf.collect(charge(10, "a"))
    shelf.collect(charge(10, "b"))

    shelf.give_back({"a": Decimal("6.67"), "b": Decimal("6.67")})

    assert shelf.left() == {"g1": Decimal("3.34")}
    assert shelf.advances() == []


def test_usage_known_late_and_given_back_with_its_period_leaves_the_credit_there_was() -> None:
    shelf = Shelf()
    shelf.fund(grant("g1", 10, lasts="PT48H"))
    shelf.collect(charge(10, "usage", hours(1)), at=hours(2))
    shelf.collect(charge(5, "late", hours(1)), at=hours(3))

    shelf.give_back({"usage": Decimal(10), "late": Decimal(5)}, at=hours(4))

    assert shelf.left() == {"g1": Decimal(10)}
    assert shelf.advances() == []


def test_what_comes_back_to_a_voided_grant_covers_nothing() -> None:
    shelf = Shelf()
    shelf.fund(grant("g1", 10))
    shelf.collect(charge(10, "before", hours(1), Mode.CREDIT_THEN_INVOICE), at=hours(1))
    shelf.grants["g1"] = replace(shelf.grants["g1"], voided_at=hours(2))
    shelf.collect(charge(5, "after", hours(3)), at=hours(3))

    shelf.give_back({"before": Decimal(10)}, at=hours(4))

    [position] = shelf.positions()
    assert position == Position(shelf.grants["g1"], Decimal(10), voided=Decimal(10))
    assert [(one.charge, one.amount) for one in shelf.advances()] == [("after", Decimal(5))]


@pytest.mark.parametrize("amount", ["0", "-1"])
def test_what_is_given_back_is_more_than_nothing(amount: str) -> None:
    shelf = Shelf()
    shelf.collect(charge(10))
    with pytest.raises(ValueError, match="more than 0"):
        shelf.give_back({"c1": Decimal(amount)})
