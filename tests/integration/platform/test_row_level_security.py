"""A namespace reads nothing of another, with row level security or the application's filter taken away."""

import psycopg
import pytest

from meterhouse.platform import clock
from meterhouse.platform.outbox import DomainEvent
from meterhouse.platform.postgres import Database, PostgresSettings
from meterhouse.platform.sql import queries

WAITING = queries("meterhouse.platform", "relay.sql")["waiting_events"]
MARK = queries("meterhouse.platform", "relay.sql")["mark_published"]


@pytest.fixture
def neighbours(database: Database, namespace: str) -> tuple[str, str]:
    """Two namespaces with one event each, of the same id."""
    names = (namespace, f"{namespace}-b")
    for name in names:
        with database.transaction(name) as transaction:
            transaction.publish(DomainEvent("a", "t", name, clock.now(), {}))
            transaction.commit()
    return names


def test_without_the_application_s_filter_the_database_shows_one_namespace(
    database: Database, neighbours: tuple[str, str]
) -> None:
    for name in neighbours:
        with database.transaction(name) as transaction:
            assert transaction.fetch_all("SELECT DISTINCT namespace FROM outbox") == [{"namespace": name}]


def test_without_a_namespace_the_database_shows_nothing(database: Database, neighbours: tuple[str, str]) -> None:
    assert neighbours
    with database.transaction("") as transaction:
        assert transaction.fetch_all("SELECT * FROM outbox") == []


def test_without_row_level_security_the_application_s_filter_shows_one_namespace(
    unguarded: Database, neighbours: tuple[str, str]
) -> None:
    with unguarded.transaction(neighbours[0]) as transaction:
        waiting = transaction.fetch_all(WAITING, {"limit": 100, "started": clock.now()})
        assert {row["subject"] for row in waiting} == {neighbours[0]}
        assert transaction.execute(MARK, {"ids": ["a"], "at": clock.now()}) == 1


def test_rows_of_another_namespace_cannot_be_changed(database: Database, neighbours: tuple[str, str]) -> None:
    with database.transaction(neighbours[0]) as transaction:
        other = {"other": neighbours[1]}
        assert transaction.execute("UPDATE outbox SET type = 'x' WHERE namespace = %(other)s", other) == 0
        assert transaction.execute("DELETE FROM outbox WHERE namespace = %(other)s", other) == 0


def test_rows_cannot_be_written_into_another_namespace(database: Database, neighbours: tuple[str, str]) -> None:
    move = "UPDATE outbox SET namespace = %(other)s WHERE id = 'a'"
    with (
        database.transaction(neighbours[0]) as transaction,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        transaction.execute(move, {"other": f"{neighbours[1]}-c"})


TABLES = """
SELECT relname AS name, relrowsecurity AND relforcerowsecurity AS confined,
    pg_get_userbyid(relowner) AS owner,
    (SELECT attname FROM pg_index JOIN pg_attribute ON attrelid = indrelid AND attnum = indkey[0]
     WHERE indrelid = pg_class.oid AND indisprimary) AS first_of_key
FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND relname <> 'migrations'
"""


def test_every_table_of_every_room_is_confined_to_its_namespace(
    database_settings: PostgresSettings, unguarded: Database
) -> None:
    with unguarded.transaction("") as transaction:
        tables = transaction.fetch_all(TABLES)
    assert {table["name"] for table in tables} >= {"namespaces", "outbox", "customers"}
    assert [table["name"] for table in tables if not table["confined"]] == []
    assert [table["name"] for table in tables if table["first_of_key"] != "namespace"] == []
    assert database_settings.username not in {table["owner"] for table in tables}


VIEWS = """
SELECT relname AS name FROM pg_class
WHERE relnamespace = 'public'::regnamespace AND relkind IN ('v', 'm')
AND NOT coalesce('security_invoker=true' = ANY(reloptions) OR 'security_invoker=on' = ANY(reloptions), false)
"""


def test_every_view_is_read_with_the_reader_s_rights(database_settings: PostgresSettings, unguarded: Database) -> None:
    assert database_settings
    with unguarded.transaction("") as transaction:
        assert transaction.fetch_all(VIEWS) == []


def test_the_application_s_role_bypasses_nothing(database: Database) -> None:
    with database.transaction("") as transaction:
        row = transaction.fetch_one(
            "SELECT rolsuper OR rolbypassrls OR rolcreaterole OR rolcreatedb AS mighty FROM pg_roles"
            " WHERE rolname = current_user"
        )
    assert row == {"mighty": False}
