"""One statement in one round trip."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from meterhouse.kernel.errors import InvariantBroken, Unavailable
from meterhouse.platform.postgres import Database, PostgresSettings
from meterhouse.platform.postgres_read import glances
from tests.integration.wire import Wire, wire_to

SCOPE = "SELECT current_setting('meterhouse.namespace', true) AS scope, %(namespace)s::text AS namespace"


@pytest.fixture
def wire(database_settings: PostgresSettings) -> Iterator[Wire]:
    with wire_to(database_settings.host, database_settings.port) as wire:
        yield wire


@pytest.fixture
def watched(database_settings: PostgresSettings, wire: Wire) -> Iterator[Database]:
    database = Database(lambda: replace(database_settings, host="127.0.0.1", port=wire.port))
    yield database
    database.close()


def test_a_read_sees_its_own_namespace_alone_and_leaves_nothing_behind(database: Database, namespace: str) -> None:
    assert database.read(namespace, SCOPE) == [{"scope": namespace, "namespace": namespace}]
    assert [row["namespace"] for row in database.read(namespace, "SELECT namespace FROM namespaces")] == [namespace]
    assert database.read("other", "SELECT namespace FROM namespaces") == []
    with database.transaction(namespace) as transaction:
        assert transaction.fetch_one("SELECT count(*) FROM namespaces") == {"count": 1}


def test_a_read_is_one_round_trip(watched: Database, wire: Wire, namespace: str) -> None:
    watched.read(namespace, SCOPE)
    for _ in range(7):  # by now the driver has prepared the statement
        before = wire.trips
        watched.read(namespace, SCOPE)
        assert wire.trips == before + 1
    with watched.transaction(namespace) as transaction:
        transaction.fetch_all(SCOPE)
    assert wire.trips > before + 3


def test_a_read_inside_a_transaction_sees_what_it_wrote(database: Database, namespace: str) -> None:
    with database.transaction(namespace) as transaction:
        transaction.execute("DELETE FROM namespaces WHERE namespace = %(namespace)s")
        assert database.read(namespace, "SELECT * FROM namespaces") == []
        with pytest.raises(InvariantBroken):
            database.read("other", "SELECT 1")
    assert len(database.read(namespace, "SELECT * FROM namespaces")) == 1


def test_a_connection_that_died_is_replaced_unnoticed(
    database_settings: PostgresSettings, database: Database, namespace: str
) -> None:
    other = Database(lambda: database_settings)
    [row] = other.read(namespace, "SELECT pg_backend_pid() AS pid")
    assert other._connection is not None
    other._connection.pgconn.finish()
    assert other.read(namespace, "SELECT pg_backend_pid() AS pid") != [row]
    other.close()
    assert database.read(namespace, SCOPE)


def test_a_statement_that_takes_too_long_is_unavailable_and_the_connection_stays(
    database_settings: PostgresSettings, namespace: str
) -> None:
    database = Database(lambda: replace(database_settings, answers_within=1))
    with pytest.raises(Unavailable):
        database.read(namespace, "SELECT pg_sleep(10)")
    assert database.read(namespace, SCOPE)
    with database.transaction(namespace) as transaction:
        assert transaction.fetch_all(SCOPE)
    database.close()


def test_a_store_may_read_a_namespace_at_once(database: Database, namespace: str) -> None:
    reads = glances(database, lambda reads: reads)(namespace)
    assert reads.fetch_all(SCOPE) == [{"scope": namespace, "namespace": namespace}]
