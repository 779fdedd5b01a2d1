"""What the database itself sees to: nothing written is changed, nothing unbalanced is written, nothing twice."""

import json
from typing import Any

import psycopg
import pytest

from meterhouse.kernel.errors import InvariantBroken
from meterhouse.ledger.credit_grant import Settlement
from meterhouse.ledger.ports import GrantFilter, MovementFilter
from meterhouse.ledger.postgres import PostgresLedgerStore
from meterhouse.platform.namespaces import add_namespace
from meterhouse.platform.postgres import Database
from meterhouse.platform.sql import queries
from tests.integration.ledger.conftest import USD, Till
from tests.unit.ledger.samples import T

BOOK = queries("meterhouse.ledger", "ledger.sql")["book"]
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


def written(till: Till, *amounts: str, key: str = "k", currencies: tuple[str, ...] = ()) -> list[dict[str, Any]]:
    empty = dict.fromkeys(("grant_id", "cost_rate", "cost_currency", "features", "priority", "payment"))
    entries = [
        {
            "number": number,
            "account": "wash",
            "currency": (*currencies, USD, USD)[number - 1],
            "amount": amount,
            **empty,
        }
        for number, amount in enumerate(amounts, 1)
    ]
    at = T.isoformat()
    made = {"number": 1, "id": key, "key": key, "kind": "settled", "customer_id": till.customer, "entries": entries}
    return [made | {"booked_at": at, "recorded_at": at, "charge": None, "name": None}]


def book(till: Till, documents: list[dict[str, Any]]) -> None:
    with till.database.transaction(till.namespace) as transaction:
        transaction.execute(BOOK, {"transactions": json.dumps(documents)})
        transaction.commit()


def test_entries_that_do_not_sum_to_zero_in_each_currency_are_refused_when_they_commit(till: Till) -> None:
    book(till, written(till, "5", "-5"))
    for amounts, currencies in ((("5", "-4.99"), ()), (("5", "-5"), ("EUR",))):
        with pytest.raises(psycopg.errors.CheckViolation, match="does not balance"):
            book(till, written(till, *amounts, key="other", currencies=currencies))
    assert [row["key"] for row in till.rows("SELECT key FROM ledger_transactions")] == ["k"]


def test_a_transaction_has_all_its_entries_from_the_first(till: Till) -> None:
    book(till, written(till, "5", "-5"))
    add = (
        "INSERT INTO ledger_entries"
        " (namespace, transaction_id, number, entries, customer_id, account, currency, amount)"
        " VALUES (%(namespace)s, 'k', %(number)s, %(entries)s, 'c', 'wash', 'USD', %(amount)s)"
    )
    refusals = psycopg.errors.CheckViolation, psycopg.errors.ForeignKeyViolation, psycopg.errors.UniqueViolation
    for number, entries in ((3, 2), (3, 4), (2, 2)):
        with till.database.transaction(till.namespace) as transaction, pytest.raises(refusals):
            transaction.execute(add, {"number": number, "entries": entries, "amount": "1"})
    with pytest.raises(psycopg.errors.CheckViolation, match="does not balance"):
        write_bare(till)


def write_bare(till: Till) -> None:
    bare = (
        "INSERT INTO ledger_transactions (namespace, id, entries, key, kind, customer_id, booked_at, recorded_at)"
        " VALUES (%(namespace)s, 'bare', 2, 'bare', 'settled', %(customer)s, now(), now())"
    )
    with till.database.transaction(till.namespace) as transaction:
        transaction.execute(bare, {"customer": till.customer})
        transaction.commit()


def test_a_business_key_is_written_once(till: Till) -> None:
    book(till, written(till, "5", "-5"))
    before = till.everything()
    book(till, written(till, "7", "-7"))
    assert till.everything() == before

    granted = till.grant()
    with till.begin(till.namespace) as work:
        [funded] = _funding_of(work.store, granted.id)
        with pytest.raises(InvariantBroken, match="booked twice"):
            work.store.ledger.book([funded])


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
        assert store.ledger.positions(till.customer) == []
        assert store.ledger.advances(till.customer, USD) == []
        assert store.ledger.currencies(till.customer) == []
        assert store.ledger.charge(till.customer, f"{till.namespace}:c1") is None
        assert store.ledger.realised(f"{till.namespace}:c1") == []
        assert store.ledger.accrued(f"{till.namespace}:c1") == {}
        assert store.ledger.has(f"grant/{granted.id}/funded") is False
        assert store.ledger.movements(MovementFilter(till.customer, later), []) == []
        store.grants.save(granted.settled(Settlement.SETTLED, T))
        store.grants.mark_expired([granted.id])
        transaction.commit()

    assert till.everything() == before
