"""One statement that reads, in one round trip: a transaction's begin, scope and end would be three more."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from meterhouse.platform.sql import queries

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import psycopg

S = TypeVar("S")
_SQL = queries("meterhouse.platform", "postgres.sql")


class Reads(Protocol):
    """What a store that only reads needs: a transaction, or a database to be read at once."""

    def fetch_all(self, query: str, parameters: Mapping[str, Any] | None = None) -> list[dict[str, Any]]: ...


class ReadsAtOnce(Protocol):
    def read(self, namespace: str, query: str, parameters: Mapping[str, Any] | None = None) -> list[dict[str, Any]]: ...


class _Glance:
    def __init__(self, database: ReadsAtOnce, namespace: str) -> None:
        self._database = database
        self._namespace = namespace

    def fetch_all(self, query: str, parameters: Mapping[str, Any] | None = None) -> list[dict[str, Any]]:
        return self._database.read(self._namespace, query, parameters)


def glances(database: ReadsAtOnce, store: Callable[[Reads], S]) -> Callable[[str], S]:
    """How a use case reads a namespace without a transaction of several statements: each is one for itself."""
    return lambda namespace: store(_Glance(database, namespace))


def read_at_once(
    connection: psycopg.Connection[dict[str, Any]], namespace: str, query: str, parameters: Mapping[str, Any] | None
) -> list[dict[str, Any]]:
    """The rows of a statement in `namespace`.

    What is sent together without a transaction of its own is one to the server: the scope, local to it, is gone after.
    """
    connection.autocommit = True
    try:
        with connection.pipeline():
            connection.execute(_SQL["set_scope"].encode(), {"name": "meterhouse.namespace", "value": namespace})
            cursor = connection.execute(query.encode(), {"namespace": namespace, **(parameters or {})})
        return cursor.fetchall()
    finally:
        if not connection.closed:
            connection.autocommit = False
