"""Statements that run while the process goes on, on a real PostgreSQL: what comes next waits for them, and hears it."""

from collections.abc import Iterator
from contextlib import suppress

import psycopg
import pytest

from meterhouse.kernel.errors import Conflict, InvariantBroken, Unavailable
from meterhouse.platform.postgres import Database, PostgresSettings
from meterhouse.platform.postgres_transaction import Transaction

TWICE = InvariantBroken("it was there")
LOCK = "SELECT pg_advisory_xact_lock(hashtextextended(%(namespace)s, 0))"


@pytest.fixture
def other(database_settings: PostgresSettings) -> Iterator[Database]:
    opened = Database(lambda: database_settings)
    yield opened
    opened.close()


def start(transaction: Transaction, name: str, twice: Exception = TWICE) -> None:
    transaction.start(
        "INSERT INTO outbox (namespace, id, type, subject, occurred_at, data)"
        f" VALUES (%(namespace)s, '{name}', 'done', 'it', now(), '{{}}')",
        twice,
    )


def ids(database: Database, namespace: str) -> list[str]:
    with database.transaction(namespace) as transaction:
        return [row["id"] for row in transaction.fetch_all("SELECT id FROM outbox ORDER BY position")]


def test_what_was_started_is_done_before_whatever_comes_next(database: Database, namespace: str) -> None:
    with database.transaction(namespace) as transaction:
        start(transaction, "a")
        start(transaction, "b")
        assert transaction.fetch_all("SELECT count(*) FROM outbox") == [{"count": 2}]
        start(transaction, "c")
        transaction.stage("things", "outbox", [{"id": "d"}])
        assert transaction.execute("UPDATE outbox SET subject = 'that'") == 3


def test_what_was_started_last_is_saved_by_the_commit(database: Database, namespace: str) -> None:
    with database.transaction(namespace) as transaction:
        start(transaction, "a")
        transaction.commit()
    assert ids(database, namespace) == ["a"]


def test_what_was_started_is_undone_without_a_commit(database: Database, namespace: str) -> None:
    with database.transaction(namespace) as transaction:
        start(transaction, "a")
    assert ids(database, namespace) == []


def test_the_process_goes_on_while_the_server_is_at_work(database: Database, other: Database, namespace: str) -> None:
    with other.transaction(namespace) as holder, database.transaction(namespace) as transaction:
        holder.execute(LOCK)
        transaction.start(LOCK, TWICE)
        # were it waited for, nobody would come to let go of the lock
        holder.execute("ROLLBACK")
        start(transaction, "a")
        transaction.commit()
    assert ids(database, namespace) == ["a"]


def test_rows_are_made_ahead_while_the_server_is_at_work_and_otherwise_as_it_takes_them(
    database: Database, other: Database, namespace: str
) -> None:
    made: list[int] = []

    def rows() -> Iterator[dict[str, str]]:
        for number in range(3):
            made.append(number)
            yield {"id": str(number)}
        holder.execute("ROLLBACK")

    with other.transaction(namespace) as holder, database.transaction(namespace) as transaction:
        holder.execute(LOCK)
        transaction.start(LOCK, TWICE)
        assert transaction.stage("things", "outbox", rows()) == "id"
        assert transaction.fetch_all("SELECT count(*) FROM incoming_things") == [{"count": 3}]
    assert made == [0, 1, 2]


def test_a_key_that_was_there_is_told_by_the_next_statement(database: Database, namespace: str) -> None:
    with database.transaction(namespace) as transaction:
        start(transaction, "a")
        start(transaction, "a", Conflict("taken", "taken"))
        with pytest.raises(Conflict, match="taken"):
            transaction.fetch_all("SELECT 1")
    assert ids(database, namespace) == []


def test_a_key_that_was_there_is_told_by_the_commit_which_saves_nothing(database: Database, namespace: str) -> None:
    def run() -> None:
        with database.transaction(namespace) as transaction:
            start(transaction, "a")
            start(transaction, "a")
            transaction.commit()

    with pytest.raises(InvariantBroken, match="it was there"):
        run()
    assert ids(database, namespace) == []


def test_an_inner_transaction_hears_of_what_it_started_and_leaves_the_outer_one_usable(
    database: Database, namespace: str
) -> None:
    def run() -> None:
        with database.transaction(namespace) as inner:
            start(inner, "a")
            inner.commit()

    with database.transaction(namespace) as outer:
        start(outer, "a")
        with pytest.raises(InvariantBroken, match="it was there"):
            run()
        start(outer, "b")
        outer.commit()
    assert ids(database, namespace) == ["a", "b"]


def test_an_inner_transaction_is_begun_after_what_the_outer_one_started(database: Database, namespace: str) -> None:
    with database.transaction(namespace) as outer:
        start(outer, "a")
        with database.transaction(namespace) as inner:
            start(inner, "b")
        start(outer, "c")
        outer.commit()
    assert ids(database, namespace) == ["a", "c"]


def test_a_savepoint_hears_of_what_was_started_in_it(database: Database, namespace: str) -> None:
    def run(transaction: Transaction) -> None:
        with transaction.savepoint():
            start(transaction, "a")

    with database.transaction(namespace) as transaction:
        run(transaction)
        with pytest.raises(InvariantBroken, match="it was there"):
            run(transaction)
        start(transaction, "b")
        transaction.commit()
    assert ids(database, namespace) == ["a", "b"]


def test_a_transaction_whose_fault_was_passed_over_is_not_said_to_be_saved(database: Database, namespace: str) -> None:
    heard: list[str] = []

    def run() -> None:
        with database.transaction(namespace) as transaction:
            database.afterwards(lambda: heard.append("saved"))
            start(transaction, "a")
            transaction.start("SELECT 1 / 0", TWICE)
            with suppress(psycopg.errors.DivisionByZero):
                database.read(namespace, "SELECT 1")
            transaction.commit()

    with pytest.raises(InvariantBroken, match="a statement failed"):
        run()
    assert (ids(database, namespace), heard) == ([], [])


def test_an_error_of_the_process_is_told_and_not_that_of_what_was_started(database: Database, namespace: str) -> None:
    def run() -> None:
        with database.transaction(namespace) as transaction:
            transaction.start("SELECT 1 / 0", TWICE)
            raise KeyError("ours")

    with pytest.raises(KeyError, match="ours"):
        run()
    assert ids(database, namespace) == []


def test_any_other_fault_of_what_was_started_is_told_as_it_is(database: Database, namespace: str) -> None:
    with database.transaction(namespace) as transaction:
        transaction.start("SELECT 1 / 0", TWICE)
        with pytest.raises(psycopg.errors.DivisionByZero):
            transaction.fetch_all("SELECT 1")


def test_a_connection_lost_meanwhile_is_unavailable_and_saves_nothing(
    database: Database, other: Database, namespace: str
) -> None:
    def run() -> None:
        with other.transaction(namespace) as transaction:
            start(transaction, "a")
            transaction.start("SELECT pg_terminate_backend(pg_backend_pid())", TWICE)
            transaction.commit()

    with pytest.raises(Unavailable):
        run()
    assert ids(database, namespace) == []
    with other.transaction(namespace) as transaction:
        start(transaction, "b")
        transaction.commit()
    assert ids(database, namespace) == ["b"]
