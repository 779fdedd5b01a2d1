"""What stands for foreign keys: nothing refers to what is not there, and what is referred to never goes (ADR 0058)."""

import psycopg
import pytest

from meterhouse.platform.postgres import Database
from tests.integration.billing.conftest import Run

STEP = "INSERT INTO invoice_transitions (namespace, invoice_id, number, trigger, source, target, at) "
TRANSACTION = (
    "INSERT INTO ledger_transactions (namespace, id, entries, key, kind, customer_id, booked_at, recorded_at, charge) "
    "SELECT namespace, 'x', 2, 'x', kind, {}, booked_at, recorded_at, {} FROM ledger_transactions LIMIT 1"
)
ENTRY = (
    "INSERT INTO ledger_entries (namespace, transaction_id, number, entries, customer_id, kind, booked_at, account,"
    " currency, amount, grant_id) SELECT namespace, {}, {}, customer_id, kind, booked_at, account, currency, amount, {}"
    " FROM ledger_entries LIMIT 1"
)
LOST = (
    STEP + "SELECT namespace, 'none', number, trigger, source, target, at FROM invoice_transitions",
    # one good, one bad: all of it is refused
    STEP + "SELECT namespace, id, 99, 'next', state, state, now() FROM invoices"
    " UNION ALL SELECT namespace, 'none', 1, 'next', '', '', now() FROM namespaces",
    "UPDATE invoice_lines SET invoice_id = 'none' WHERE is_pending",
    "UPDATE invoice_lines SET grant_id = 'none'",
    "UPDATE invoice_lines SET note_id = 'none' WHERE is_pending",
    TRANSACTION.format("'none'", "NULL"),
    TRANSACTION.format("customer_id", "'none'"),
    ENTRY.format("'none'", "1, 2", "NULL"),
    ENTRY.format("transaction_id", "3, 3", "NULL"),
)


@pytest.fixture
def billed(run: Run) -> Run:
    run.subscribe(run.customer("ann"))
    run.all()
    return run


@pytest.mark.parametrize("statement", LOST)
def test_nothing_refers_to_what_is_not_there(billed: Run, statement: str) -> None:
    with (
        billed.database.transaction(billed.namespace) as transaction,
        pytest.raises(psycopg.errors.ForeignKeyViolation, match="refer to what is not among"),
    ):
        transaction.execute(statement)


def test_no_entry_refers_to_a_grant_that_is_not_there(billed: Run) -> None:
    with (
        billed.database.transaction(billed.namespace) as transaction,
        pytest.raises(psycopg.errors.ForeignKeyViolation, match="refer to what is not among credit_grants"),
    ):
        transaction.execute(ENTRY.format("'none'", "1, 2", "'none'"))


def test_nothing_refers_to_another_namespaces(billed: Run, other_namespace: str, unguarded: Database) -> None:
    statement = STEP + "SELECT %(namespace)s, id, 1, 'next', '', '', now() FROM invoices WHERE namespace = %(of)s"
    with unguarded.transaction(other_namespace) as transaction, pytest.raises(psycopg.errors.ForeignKeyViolation):
        transaction.execute(statement, {"of": billed.namespace})


@pytest.mark.parametrize(
    ("table", "key"),
    [
        ("customers", "id"),
        ("invoices", "id"),
        ("credit_grants", "id"),
        ("credit_notes", "id"),
        ("ledger_charges", "key"),
    ],
)
@pytest.mark.parametrize("statement", ["DELETE FROM {0}", "TRUNCATE {0} CASCADE", "UPDATE {0} SET {1} = {1} || 'x'"])
def test_what_is_referred_to_never_goes(billed: Run, unguarded: Database, table: str, key: str, statement: str) -> None:
    with unguarded.transaction(billed.namespace) as transaction, pytest.raises(psycopg.errors.RestrictViolation):
        transaction.execute(statement.format(table, key))


def test_whatever_stands_for_a_foreign_key_refers_to_what_is_kept(billed: Run) -> None:
    query = (
        "SELECT source.tgname, EXISTS (SELECT FROM pg_trigger kept WHERE kept.tgname IN ('kept', 'never_changed')"
        " AND source.tgname LIKE '%%_refer_to_' || kept.tgrelid::regclass || '_when_%%') AS is_kept"
        " FROM pg_trigger source WHERE source.tgname LIKE '%%_refer_to_%%'"
    )
    with billed.database.transaction(billed.namespace) as transaction:
        found = transaction.fetch_all(query)
    assert {row["is_kept"] for row in found} == {True}
