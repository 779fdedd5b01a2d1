"""The unit of work on a real PostgreSQL: what is saved, what is undone, and what a lost connection looks like."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import psycopg
import pytest

from localstack.fixtures import PostgresServer
from meterhouse.kernel.errors import InvariantBroken, Unavailable
from meterhouse.platform.outbox import DomainEvent
from meterhouse.platform.postgres import Database, PostgresSettings, begins
from meterhouse.platform.postgres_transaction import Transaction

AT = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def own(database_settings: PostgresSettings) -> Iterator[Database]:
    """A database whose connection this test may break."""
    opened = Database(lambda: database_settings)
    yield opened
    opened.close()


def event(name: str) -> DomainEvent:
    return DomainEvent(name, "thing.done", f"thing/{name}", AT, {"name": name})


def saved(database: Database, namespace: str) -> list[str]:
    with database.transaction(namespace) as transaction:
        return [row["id"] for row in transaction.fetch_all("SELECT id FROM outbox ORDER BY position")]


def end_connection(server: PostgresServer, transaction: Transaction) -> None:
    row = transaction.fetch_one("SELECT pg_backend_pid() AS pid")
    assert row is not None
    with psycopg.connect(server.dsn(server.superuser), autocommit=True) as connection:
        # Waits until the server process is gone.
        connection.execute("SELECT pg_terminate_backend(%s, 5000)", (row["pid"],))


def test_what_is_committed_is_saved(database: Database, namespace: str) -> None:
    with database.transaction(namespace) as transaction:
        transaction.publish(event("a"), event("b"))
        transaction.commit()
    assert saved(database, namespace) == ["a", "b"]


def test_leaving_without_commit_saves_nothing(database: Database, namespace: str) -> None:
    with database.transaction(namespace) as transaction:
        transaction.publish(event("a"))
    assert saved(database, namespace) == []


def test_an_error_after_commit_was_called_saves_nothing(database: Database, namespace: str) -> None:
    def commit_and_fail() -> None:
        with database.transaction(namespace) as transaction:
            transaction.publish(event("a"))
            transaction.commit()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        commit_and_fail()
    assert saved(database, namespace) == []


def test_an_inner_transaction_is_saved_with_the_outer_one(database: Database, namespace: str) -> None:
    with database.transaction(namespace) as outer:
        with database.transaction(namespace) as inner:
            inner.publish(event("inner"))
            inner.commit()
        outer.publish(event("outer"))
        outer.commit()
    assert saved(database, namespace) == ["inner", "outer"]


def test_an_inner_transaction_falls_with_the_outer_one(database: Database, namespace: str) -> None:
    with database.transaction(namespace), database.transaction(namespace) as inner:
        inner.publish(event("inner"))
        inner.commit()
    assert saved(database, namespace) == []


def test_an_inner_transaction_left_without_commit_is_undone_alone(database: Database, namespace: str) -> None:
    with database.transaction(namespace) as outer:
        outer.publish(event("before"))
        with database.transaction(namespace) as inner:
            inner.publish(event("inner"))
        outer.publish(event("after"))
        outer.commit()
    assert saved(database, namespace) == ["before", "after"]


def test_an_inner_error_leaves_the_outer_transaction_usable(database: Database, namespace: str) -> None:
    with database.transaction(namespace) as outer:
        with pytest.raises(psycopg.errors.DivisionByZero), database.transaction(namespace) as inner:
            inner.fetch_one("SELECT 1 / 0")
        outer.publish(event("after"))
        outer.commit()
    assert saved(database, namespace) == ["after"]


def test_a_transaction_cannot_span_namespaces(database: Database, namespace: str) -> None:
    with (
        database.transaction(namespace),
        pytest.raises(InvariantBroken, match="span namespaces"),
        database.transaction(f"{namespace}-other"),
    ):
        pytest.fail("it was begun")


def test_a_connection_that_died_between_requests_is_replaced_unnoticed(
    own: Database, postgres_server: PostgresServer, namespace: str
) -> None:
    with own.transaction(namespace) as transaction:
        connection = transaction.connection
    with psycopg.connect(postgres_server.dsn(postgres_server.superuser), autocommit=True) as superuser:
        superuser.execute("SELECT pg_terminate_backend(%s, 5000)", (connection.info.backend_pid,))
    with own.transaction(namespace) as transaction:
        transaction.publish(event("a"))
        transaction.commit()
    assert saved(own, namespace) == ["a"]


def test_a_connection_lost_inside_a_transaction_is_unavailable_and_saves_nothing(
    own: Database, postgres_server: PostgresServer, namespace: str
) -> None:
    def lose_connection() -> None:
        with own.transaction(namespace) as transaction:
            transaction.publish(event("a"))
            end_connection(postgres_server, transaction)
            transaction.publish(event("b"))

    with pytest.raises(Unavailable):
        lose_connection()
    assert saved(own, namespace) == []


def test_a_connection_lost_inside_an_inner_transaction_is_unavailable_there_already(
    own: Database, postgres_server: PostgresServer, namespace: str
) -> None:
    def lose_connection() -> None:
        with own.transaction(namespace) as inner:
            end_connection(postgres_server, inner)
            inner.publish(event("a"))

    with own.transaction(namespace), pytest.raises(Unavailable):
        lose_connection()
    assert saved(own, namespace) == []


def test_a_server_that_refuses_us_is_unavailable(database_settings: PostgresSettings) -> None:
    wrong = PostgresSettings(database_settings.host, database_settings.port, "no_such", "nobody", "", "disable")
    with pytest.raises(Unavailable), Database(lambda: wrong).transaction("default"):
        pytest.fail("it connected")


def test_a_lock_lets_one_transaction_of_a_namespace_work_at_a_time(
    database_settings: PostgresSettings, namespace: str
) -> None:
    def count_up(_: int) -> None:
        database = Database(lambda: database_settings)
        with database.transaction(namespace) as transaction:
            transaction.lock("counter")
            row = transaction.fetch_one("SELECT count(*) FROM outbox")
            assert row is not None
            transaction.publish(event(str(row["count"])))
            transaction.commit()
        database.close()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(count_up, range(8)))
    database = Database(lambda: database_settings)
    assert saved(database, namespace) == [str(number) for number in range(8)]
    database.close()


def test_locks_of_two_namespaces_do_not_meet(database: Database, own: Database, namespace: str) -> None:
    with database.transaction(namespace) as first, own.transaction(f"{namespace}-other") as second:
        first.lock("customer", "1")
        second.lock("customer", "1")


def test_a_use_case_works_on_its_room_s_store(database: Database, namespace: str) -> None:
    begin = begins(database, lambda transaction: transaction.namespace)
    with begin(namespace) as work:
        assert work.store == namespace
        work.lock("thing")
        work.publish(event("a"))
        work.commit()
    assert saved(database, namespace) == ["a"]


def test_rows_are_written_by_copy(database: Database, namespace: str) -> None:
    with database.transaction(namespace) as transaction:
        transaction.execute("CREATE TEMPORARY TABLE numbers (n integer) ON COMMIT DROP")
        transaction.copy("COPY numbers FROM STDIN", ([number] for number in range(100)))
        assert transaction.fetch_one("SELECT sum(n) FROM numbers") == {"sum": 4950}


def test_what_is_staged_is_there_for_the_next_statement_and_for_no_other(database: Database, namespace: str) -> None:
    def staged(transaction: Transaction, *ids: str) -> list[str]:
        assert transaction.stage("things", "outbox", [{"id": one, "type": "t"} for one in ids]) == "id, type"
        return [row["id"] for row in transaction.fetch_all("SELECT id FROM incoming_things ORDER BY id")]

    for _ in range(2):
        with database.transaction(namespace) as transaction:
            assert staged(transaction, "a", "b") == ["a", "b"]
            assert staged(transaction, "c") == ["c"]
            with database.transaction(namespace) as inner:
                assert staged(inner, "d") == ["d"]
            # what was staged inside is gone with it, be it the table itself
            assert staged(transaction, "e") == ["e"]


def test_what_was_first_staged_in_a_part_that_was_given_up_can_be_staged_again(own: Database, namespace: str) -> None:
    with own.transaction(namespace) as transaction:
        with own.transaction(namespace) as inner:
            inner.stage("things", "outbox", [{"id": "a"}])
        transaction.stage("things", "outbox", [{"id": "b"}])
        assert transaction.fetch_all("SELECT id FROM incoming_things") == [{"id": "b"}]


def test_events_keep_the_order_in_which_they_were_decided(database: Database, namespace: str) -> None:
    with database.transaction(namespace) as transaction:
        transaction.publish(*map(event, "cab"))
        transaction.publish(*map(event, "zc"))
        transaction.commit()
    assert saved(database, namespace) == ["c", "a", "b", "z"]


@pytest.mark.parametrize(("is_saved", "has_failed"), [(True, False), (False, False), (False, True)])
def test_what_follows_an_end_is_done_once_however_the_transaction_ends(
    database: Database, namespace: str, is_saved: bool, has_failed: bool
) -> None:
    done: list[list[str]] = []

    def work() -> None:
        with database.transaction(namespace) as transaction:
            with database.transaction(namespace):
                database.ended(lambda: done.append(saved(database, namespace)))
            transaction.publish(event("a"))
            assert done == []
            if has_failed:
                raise Unavailable("no")
            if is_saved:
                transaction.commit()

    if has_failed:
        with pytest.raises(Unavailable):
            work()
    else:
        work()
    assert done == [["a"] if is_saved else []]
    database.ended(lambda: done.append([]))
    assert len(done) == 2
