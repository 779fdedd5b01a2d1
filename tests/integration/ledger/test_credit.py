"""Credit is granted, burnt, given back, paid, voided and adjusted, on the real database."""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from meterhouse.kernel.errors import Conflict, InvalidInput, NotFound
from meterhouse.ledger.account import Account
from meterhouse.ledger.balance import CreditBalance
from meterhouse.ledger.book import Book
from meterhouse.ledger.charge import Charge, Correction, Mode
from meterhouse.ledger.charging import give_back
from meterhouse.ledger.credit_grant import Funding, GrantStatus, Settlement
from meterhouse.ledger.grant_rules import PurchaseSpec
from meterhouse.ledger.position import Position
from meterhouse.ledger.postgres import PostgresLedgerStore
from meterhouse.platform.postgres import Database, PostgresSettings, begins
from tests.integration.ledger.charging import Charging
from tests.integration.ledger.conftest import USD, Till
from tests.unit.ledger.samples import T, hours


def sums(till: Till) -> dict[str, Decimal]:
    rows = till.rows(
        "SELECT account, sum(amount) AS total FROM ledger_entries WHERE namespace = %(namespace)s GROUP BY account"
    )
    return {row["account"]: row["total"] for row in rows if row["total"]}


def standing(till: Till) -> Any:
    """What is settled, and what is pending."""
    balance = till.balance()
    return balance.settled, balance.pending


def test_a_charge_takes_what_credit_there_is_and_the_rest_is_invoiced(till: Till) -> None:
    first, second = till.grant(10), till.grant(5, priority=20)

    collected = till.collect(30)

    borne: list[Any] = [(one.grant_id, one.amount) for one in collected.allocations]
    assert borne == [(first.id, 10), (second.id, 5)]
    assert collected.rest == 15
    assert sums(till) == {Account.WASH: -15, Account.ACCRUED: 15}


def test_what_was_charged_is_charged_once_even_when_credit_came_since(till: Till) -> None:
    first = till.collect(30)
    till.grant(100)
    before = till.everything()

    assert till.collect(30) == first
    assert first.rest == 30
    assert till.everything() == before
    with pytest.raises(Conflict) as refused:
        till.collect(31)
    assert refused.value.code == "charge_differs"


def test_a_correction_is_made_once(till: Till) -> None:
    till.grant(10)
    till.grant(20)
    till.collect(25)

    assert till.give_back(20) == [Decimal(5)]
    before = till.everything()
    assert till.give_back(20) == [Decimal(5)]
    assert till.everything() == before
    assert till.give_back(5, by="y") == []
    with pytest.raises(ValueError, match="more is to be corrected"):
        till.give_back(1, by="z")
    with pytest.raises(NotFound):
        till.give_back(1, key="nothing")


@pytest.mark.parametrize("priorities", [(1, 2), (2, 1), (1, 2, 3), (3, 2, 1)], ids=str)
def test_what_is_given_back_in_parts_goes_to_the_last_burnt_until_it_has_all(
    till: Till, priorities: tuple[int, ...]
) -> None:
    grants = [till.grant(10, priority=priority) for priority in priorities]
    *before, last = sorted(grants, key=lambda one: one.priority)
    burnt = [Decimal(10)] * len(before)
    till.collect(sum(burnt) + 5)

    assert till.give_back(2, by="x") == [*burnt, 3]
    assert till.give_back(2, by="y") == [*burnt, 1]
    assert till.give_back(4, by="z") == [*burnt[1:], 7]

    left = {position.grant.id: position.remaining for position in till.positions()}
    assert [left[one.id] for one in (*before, last)] == [*[0] * (len(before) - 1), 3, 10]


def test_what_was_given_back_is_not_to_be_invoiced(till: Till) -> None:
    till.grant(60)
    assert till.collect(100).rest == 40
    till.give_back(50)

    again = till.collect(100)

    assert again.total == 10
    assert again.rest == 40


def test_what_was_burnt_in_advance_is_covered_by_credit_to_come(till: Till) -> None:
    till.collect(40, mode=Mode.CREDIT_ONLY)
    assert till.balance() == CreditBalance(USD, Decimal(-40), Decimal(0), Decimal(-40))

    till.now = hours(0.5)
    till.buy(100, "0.5", expires_after="PT1H")

    assert till.balance().settled == 60
    till.now = hours(1.5)
    assert till.balance().settled == 0
    till.expire()
    assert sums(till) == {Account.RECEIVABLE: -100, Account.ACCRUED: 40, Account.BREAKAGE: 60}
    moved: list[Any] = [(one.kind, one.amount, one.after) for one in till.movements()]
    assert moved == [
        ("expired", -60, 0),
        ("funded", 100, 60),
        ("consumed", -40, -40),
    ]


def test_credit_that_is_not_effective_yet_covers_once_it_is(till: Till) -> None:
    till.collect(40, mode=Mode.CREDIT_ONLY)
    made = till.grant(100, effective_at=hours(5), expires_after="PT1H")
    assert standing(till) == (-40, 100)

    till.now = hours(5)
    assert till.balance().settled == 60
    till.now = hours(6)
    till.expire()

    [position] = till.positions()
    assert position == Position(made, Decimal(100), Decimal(40), Decimal(60))


def test_what_is_burnt_is_earned_once_and_what_is_given_back_is_not(till: Till) -> None:
    till.buy(100, "0.5")
    till.collect(40)
    charge = f"{till.namespace}:c1"
    till.charging().recognise(till.customer, charge, "issued")
    till.charging().recognise(till.customer, charge, "issued")
    assert sums(till)[Account.EARNINGS] == 40

    till.give_back(10)
    till.charging().recognise(till.customer, charge, "edited")

    assert sums(till) == {Account.RECEIVABLE: -100, Account.CREDIT: 70, Account.EARNINGS: 30}


def test_a_purchase_is_paid_for_in_its_money(till: Till) -> None:
    bought = till.buy(100, "0.5", purchase=PurchaseSpec("EUR", Decimal("0.5")))

    settled = till.settle(bought, Settlement.AUTHORIZED)
    assert settled.purchase
    assert settled.purchase.amount == 50
    before = till.everything()
    assert till.settle(bought, Settlement.AUTHORIZED) == settled
    assert till.everything() == before
    till.settle(bought, Settlement.SETTLED)

    rows = till.rows(
        "SELECT account, currency, sum(amount) AS total FROM ledger_entries WHERE namespace = %(namespace)s"
        " GROUP BY account, currency HAVING sum(amount) <> 0"
    )
    assert {(row["account"], row["currency"]): row["total"] for row in rows} == {
        (Account.CREDIT, "USD"): 100,
        (Account.BROKERAGE, "USD"): -100,
        (Account.BROKERAGE, "EUR"): 50,
        (Account.WASH, "EUR"): -50,
    }
    with pytest.raises(Conflict) as refused:
        till.settle(bought, Settlement.AUTHORIZED)
    assert refused.value.code == "settlement_status"


def test_only_who_pays_outside_settles_outside(till: Till) -> None:
    for grant, funding in ((till.grant(), Funding.EXTERNAL), (till.buy(funding=Funding.INVOICE), Funding.EXTERNAL)):
        with pytest.raises(InvalidInput) as refused:
            till.settle(grant, Settlement.SETTLED, funding)
        assert [problem.field for problem in refused.value.problems] == ["/status"]


def test_credit_of_an_invoice_is_there_once_it_is_paid_and_loses_no_time(till: Till) -> None:
    bought = till.buy(30, funding=Funding.INVOICE, expires_after="P1D")
    assert bought.status_at(T) is GrantStatus.PENDING
    assert standing(till) == (0, 30)

    till.now = hours(72)
    paid = till.settle(bought, Settlement.SETTLED, Funding.INVOICE)

    assert (paid.available_at, paid.expires_at) == (hours(72), hours(96))
    assert standing(till) == (30, 0)
    assert till.balance(hours(71)).pending == 30
    assert till.collect(5, at=hours(71)).rest == 5
    assert till.collect(5, "c2").rest == 0


def test_a_void_leaves_nothing_and_what_comes_back_goes_too(till: Till) -> None:
    granted = till.grant(20)
    till.collect(5)
    till.now = hours(1)
    voided = till.void(granted)
    assert voided.status_at(hours(1)) is GrantStatus.VOIDED
    assert till.void(granted) == voided

    till.give_back(2)

    [position] = till.positions()
    assert position == Position(voided, Decimal(20), Decimal(3), voided=Decimal(17))
    assert [till.balance(hours(at)).settled for at in (0.5, 1)] == [17, 0]
    assert till.collect(1, "late", at=T).rest == 1


def test_what_comes_back_to_a_voided_grant_by_a_clock_that_is_behind_goes_too(till: Till) -> None:
    granted = till.grant(20)
    till.collect(5)
    till.now = hours(1)
    till.void(granted)
    till.now = hours(0.5)
    till.give_back(5)
    assert [position.remaining for position in till.positions()] == [0]
    assert till.collect(1, "late").rest == 1


def test_by_a_clock_that_is_behind_no_more_is_burnt_of_what_expired_than_there_was(till: Till) -> None:
    till.grant(20, expires_after="PT2H")
    till.now = hours(2)
    assert till.expire() == 1
    till.now = hours(1.5)
    assert till.collect(15).rest == 0
    [position] = till.positions()
    assert position.remaining == 0
    assert position.expired == 5


def test_an_adjustment_gives_or_takes(till: Till) -> None:
    till.adjust("12.50")
    till.grant(10, features=["api"])
    till.adjust(-20)
    assert till.balance().settled == Decimal("2.50")
    with pytest.raises(Conflict) as refused:
        till.adjust(-3)
    assert refused.value.facts == {"available": "2.50"}
    for amount, code in ((0, "zero"), ("0.001", "precision"), (10**20, "too_large")):
        with pytest.raises(InvalidInput) as faulty:
            till.adjust(amount)
        assert [problem.code for problem in faulty.value.problems] == [code]


def test_a_balance_of_the_past_is_what_was_booked_until_then(till: Till) -> None:
    till.grant(20, expires_after="PT10H")
    till.now = hours(5)
    till.collect(5)

    assert [till.balance(hours(at)).settled for at in (-1, 0, 4.9, 5, 10, 100)] == [0, 20, 20, 15, 0, 0]
    assert till.balance(hours(5)).live == 0
    assert till.balance().live == 15


def test_before_it_was_granted_credit_was_not_even_pending(till: Till) -> None:
    till.now = hours(5)
    till.grant(20, effective_at=hours(10))

    assert [till.balance(hours(at)).pending for at in (-1, 4.9, 5, 9.9, 10)] == [0, 0, 20, 20, 0]


def test_fifty_charges_at_once_never_burn_more_than_there_is(till: Till, database_settings: PostgresSettings) -> None:
    granted = till.grant(100)

    def burn(number: int) -> None:
        own = Database(lambda: database_settings)
        try:
            charging = Charging(begins(own, PostgresLedgerStore), till.namespace, till.now)
            key = f"{till.namespace}:{number % 45}"  # five come twice
            wanted = Charge(key, USD, Decimal(3), T, Mode.CREDIT_THEN_INVOICE)
            charging.collect([(till.customer, wanted)])
        finally:
            own.close()

    with ThreadPoolExecutor(10) as pool:
        list(pool.map(burn, range(50)))

    [position] = till.positions()
    assert position == Position(granted, Decimal(100), Decimal(100))
    charged = till.rows("SELECT count(*) AS many FROM ledger_charges WHERE namespace = %(namespace)s")
    assert charged[0]["many"] == 45


def test_many_charges_of_many_customers_are_collected_at_once(till: Till) -> None:
    customers = [till.customer, till.add_customer(), till.add_customer()]
    for customer, amount in zip(customers, (5, 10), strict=False):
        till.grant(amount, customer=customer)
    charged = [
        (customer, Charge(f"{till.namespace}:{customer}:{number}", USD, Decimal(4), T, Mode.CREDIT_THEN_INVOICE))
        for number in range(2)
        for customer in customers
    ]

    collected = till.charging().collect(charged)

    assert [collected[charge.key].rest for _, charge in charged] == [0, 0, 4, 3, 0, 4]
    before = till.everything()
    assert till.charging().collect(reversed(charged)) == collected
    assert till.everything() == before
    with pytest.raises(Conflict):
        till.charging().collect([(customers[1], charged[0][1])])


def test_charges_of_a_transaction_that_fails_are_not_there(till: Till) -> None:
    till.grant(100)
    before = till.everything()
    with till.database.transaction(till.namespace):
        till.collect(10)
        assert till.balance().settled == 90
    assert till.everything() == before


def test_what_is_told_is_what_was_written(till: Till) -> None:
    made = till.buy(
        "123456789012345678.01",
        "0.000000000000000001",
        key="k",
        description="d",
        labels={"a": "b"},
        priority=1000,
        features=["b", "a", "b"],
        effective_at=T - timedelta(microseconds=1),
        expires_after="P1Y2M3DT4H",
    )
    with till.begin(till.namespace) as work:
        assert work.store.grants.find(made.id) == made
        assert work.store.grants.find_by_key(till.customer, "k") == made
    assert made.features == ("a", "b")
    assert till.collect("123456789012345678.01", feature="a").rest == 0


def test_of_charges_that_were_given_back_one_by_one_nothing_more_is_given_back(
    till: Till, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As it was until 26 November 2026: the grant bears what the second burnt in advance, and that is below nothing."""
    till.grant(10)
    keys = [f"{till.namespace}:{key}" for key in ("a", "b")]
    for key in ("a", "b"):
        till.collect(10, key, mode=Mode.CREDIT_ONLY)
    at_once = Book.correct

    def one_by_one(book: Book, wanted: Iterable[Correction], key: str) -> None:
        for correction in sorted(wanted, key=lambda one: one.charge.key):
            at_once(book, [correction], key)

    def given_back(by: str) -> None:
        with till.begin(till.namespace) as work:
            give_back(work.store, keys, by, till.now)
            work.commit()

    with monkeypatch.context() as before:
        before.setattr(Book, "correct", one_by_one)
        given_back("x")
    assert sums(till) == {Account.WASH: -10, Account.ADVANCE: 10}
    written = till.everything()

    given_back("y")
    assert till.everything() == written
    till.collect(10, "c")
    assert sums(till) == {Account.WASH: -10, Account.ACCRUED: 10}
