"""What the database itself sees to: nothing written is changed, nothing unbalanced is written, nothing twice."""

from collections.abc import Sequence
from typing import Any

import psycopg
import pytest

from meterhouse.kernel.errors import InvariantBroken
from meterhouse.ledger.credit_grant import Settlement
from meterhouse.ledger.ports import GrantFilter, MovementFilter
from meterhouse.ledger.postgres import PostgresLedgerStore
from meterhouse.platform.namespaces import add_namespace
from meterhouse.platform.postgres import Database
from tests.integration.ledger.conftest import USD, Till
from tests.unit.ledger.samples import T

ADD_TRANSACTION = """
INSERT INTO ledger_transactions (namespace, id, entries, key, kind, customer_id, booked_at, recorded_at)
VALUES (%(namespace)s, %(key)s, %(entries)s, %(key)s, 'settled', %(customer_id)s, %(at)s, %(at)s)
"""
ADD_ENTRY = """
INSERT INTO ledger_entries (
    namespace, transaction_id, number, entries, customer_id, kind, booked_at, account, currency, amount
) VALUES (
    %(namespace)s, %(key)s, %(number)s, %(entries)s, %(customer_id)s, %(kind)s, %(at)s, 'wash', %(currency)s, %(amount)s
)
"""
ADD_WHOLE = """
WITH added AS (
    INSERT INTO ledger_transactions (
        namespace, id, entries, key, kind, customer_id, booked_at, recorded_at, is_whole
    ) VALUES (%(namespace)s, %(key)s, %(entries)s, %(key)s, 'settled', %(customer_id)s, %(at)s, %(at)s, true)
)
INSERT INTO ledger_entries (
    namespace, transaction_id, number, entries, customer_id, kind, booked_at, account, currency, amount
)
SELECT %(namespace)s, %(key)s, number, %(entries)s, %(customer_id)s, %(kind)s, %(at)s, 'wash', currency, amount
FROM unnest(%(amounts)s::numeric[], %(currencies)s::text[]) WITH ORDINALITY AS entry (amount, currency, number)
"""
TABLES = ("ledger_charges", "ledger_transactions", "ledger_entries")


@pytest.mark.parametrize("statement", ["UPDATE {} SET currency = 'EUR'", "DELETE FROM {}", "TRUNCATE {} CASCADE"])
@pytest.mark.parametrize("table", TABLES)
def test_nobody_changes_what_is_written(till: Till, unguarded: Database, table: str, statement: str) -> None:
    till.grant()
    till.collect(10)
    changed = statement.format(table).replace("currency = 'EUR'", "customer_id = 'x'")

    with (
        till.database.transaction(till.namespace) as transaction,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        transaction.execute(changed)
    with unguarded.transaction(till.namespace) as transaction, pytest.raises(psycopg.errors.RestrictViolation):
        transaction.execute(changed)


def book(
    till: Till,
    *amounts: str,
    key: str = "k",
    currencies: Sequence[str] = (),
    kind: str = "settled",
    extra: int = 0,
    is_whole: bool = False,
) -> None:
    """Write a transaction, whether it may be or not; as a whole, or statement by statement."""
    shared = {"entries": len(amounts) + extra, "customer_id": till.customer, "at": T, "key": key, "kind": kind}
    by_number = (*currencies, USD, USD)[: len(amounts)]
    entries = [
        shared | {"number": number, "amount": amount, "currency": currency}
        for number, (amount, currency) in enumerate(zip(amounts, by_number, strict=True), 1)
    ]
    with till.database.transaction(till.namespace) as transaction:
        if is_whole:
            transaction.execute(ADD_WHOLE, shared | {"amounts": list(amounts), "currencies": list(by_number)})
        else:
            transaction.execute(ADD_TRANSACTION, shared)
            transaction.execute_many(ADD_ENTRY, entries)
        transaction.commit()


@pytest.mark.parametrize("is_whole", [False, True])
def test_entries_that_do_not_sum_to_zero_in_each_currency_are_refused(till: Till, *, is_whole: bool) -> None:
    book(till, "5", "-5", is_whole=is_whole)
    for amounts, currencies in ((("5", "-4.99"), ()), (("5", "-5"), ("EUR",))):
        with pytest.raises(psycopg.errors.CheckViolation, match="other does not balance"):
            book(till, *amounts, key="other", currencies=currencies, is_whole=is_whole)
    assert [row["key"] for row in till.rows("SELECT key FROM ledger_transactions")] == ["k"]


@pytest.mark.parametrize("is_whole", [False, True])
def test_a_transaction_has_all_its_entries_from_the_first(till: Till, *, is_whole: bool) -> None:
    book(till, "5", "-5", is_whole=is_whole)
    add = (
        "INSERT INTO ledger_entries (namespace, transaction_id, number, entries, customer_id, kind, booked_at,"
        " account, currency, amount)"
        " VALUES (%(namespace)s, 'k', %(number)s, %(entries)s, 'c', 'settled', now(), 'wash', 'USD', 1)"
    )
    refusals = psycopg.errors.CheckViolation, psycopg.errors.ForeignKeyViolation, psycopg.errors.UniqueViolation
    for number, entries in ((3, 2), (3, 4), (2, 2)):
        with till.database.transaction(till.namespace) as transaction, pytest.raises(refusals):
            transaction.execute(add, {"number": number, "entries": entries})
    for amounts, odd in (((), {"extra": 2}), (("5", "-5"), {"extra": 1}), (("5", "-5"), {"kind": "funded"})):
        with pytest.raises(psycopg.errors.CheckViolation, match="other does not balance"):
            book(till, *amounts, key="other", is_whole=is_whole, **odd)


def test_whole_is_what_comes_in_one_statement(till: Till) -> None:
    """What says so and lacks its entries is refused at once: nobody looks at it again."""
    whole = ADD_TRANSACTION.replace("recorded_at)", "recorded_at, is_whole)").replace("%(at)s)", "%(at)s, true)")
    with (
        till.database.transaction(till.namespace) as transaction,
        pytest.raises(psycopg.errors.CheckViolation, match="k does not balance"),
    ):
        transaction.execute(whole, {"entries": 2, "customer_id": till.customer, "at": T, "key": "k"})


def test_what_a_use_case_books_is_whole(till: Till) -> None:
    till.buy(100, key="k", expires_after="P1D")
    assert till.rows("SELECT key FROM ledger_transactions WHERE NOT is_whole") == []
    assert till.rows("SELECT key FROM ledger_transactions") != []


def test_a_business_key_is_written_once(till: Till) -> None:
    book(till, "5", "-5")
    with pytest.raises(psycopg.errors.UniqueViolation):
        book(till, "7", "-7")

    def book_again(grant_id: str) -> None:
        with till.begin(till.namespace) as work:
            work.store.ledger.book(_funding_of(work.store, grant_id))
            work.commit()

    granted = till.grant()
    with pytest.raises(InvariantBroken, match="booked twice"):
        book_again(granted.id)


def _funding_of(store: Any, grant_id: str) -> list[Any]:
    from meterhouse.ledger.book import Book  # noqa: PLC0415 - only here a book is opened anew on purpose

    grant = store.grants.find(grant_id)
    again = Book(grant.customer_id, grant.currency, T)
    again.fund(grant)
    return again.booked


@pytest.mark.parametrize("is_guarded", [True, False])
def test_a_namespace_reads_and_changes_nothing_of_another(till: Till, unguarded: Database, *, is_guarded: bool) -> None:
    granted = till.buy(100, key="k", expires_after="P1D")
    till.collect(10)
    till.top_up(granted)
    before = till.everything()
    neighbour = f"{till.namespace}-b"
    add_namespace(till.database, neighbour)
    later = T.replace(year=2030)

    with (till.database if is_guarded else unguarded).transaction(neighbour) as transaction:
        store = PostgresLedgerStore(transaction)
        assert store.grants.find(granted.id) is None
        assert store.grants.find_by_key(till.customer, "k") is None
        assert store.grants.page(GrantFilter(till.customer, T), 1, 10) == ([], 0)
        assert store.grants.over(later, "", "~") == []
        assert store.grants.edges(later, 10) == []
        assert store.ledger.holdings([till.customer]) == {}
        assert store.ledger.charges([f"{till.namespace}:c1"]) == {}
        assert store.ledger.realised([f"{till.namespace}:c1"]) == {}
        assert store.ledger.accrued([f"{till.namespace}:c1"]) == {}
        assert store.ledger.written([f"grant/{granted.id}/funded"]) == set()
        assert store.grants.holders([till.customer]) == set()
        assert store.grants.by_ids([granted.id]) == {}
        assert store.ledger.unearned([till.customer]) == set()
        assert store.ledger.receivables(["invoice"]) == {}
        assert store.top_ups.of_customers([till.customer]) == []
        assert store.top_ups.made(till.customer, "USD") == []
        assert not store.top_ups.remove(till.customer, "USD", T)
        assert store.ledger.movements(MovementFilter(till.customer, later), []) == []
        store.grants.save(granted.settled(Settlement.SETTLED, T))
        store.grants.mark_expired([granted.id])
        transaction.commit()

    assert till.everything() == before
