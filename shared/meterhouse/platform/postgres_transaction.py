"""SQL of one unit of work, confined to a namespace; many rows at once go by COPY."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from meterhouse.platform.outbox import events_text
from meterhouse.platform.sql import queries

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    import psycopg

    from meterhouse.platform.outbox import DomainEvent

Row = dict[str, Any]
_SQL = queries("meterhouse.platform", "postgres.sql")


class Transaction:
    """SQL inside one namespace: row level security shows this namespace's rows and no others."""

    def __init__(self, connection: psycopg.Connection[Row], namespace: str, staged: set[str] | None = None) -> None:
        self.connection = connection
        self.namespace = namespace
        self.committed = False
        self.afterwards: list[Callable[[], object]] = []
        self.otherwise: list[Callable[[], object]] = []
        self._staged = set[str]() if staged is None else staged

    def execute(self, query: str, parameters: Mapping[str, Any] | None = None) -> int:
        """Run a statement; the number of rows it touched."""
        return self._run(query, parameters).rowcount

    def fetch_all(self, query: str, parameters: Mapping[str, Any] | None = None) -> list[Row]:
        return self._run(query, parameters).fetchall()

    def fetch_documents(self, query: str, parameters: Mapping[str, Any] | None = None) -> list[Row]:
        """`fetch_all` where rows are mostly JSON, by a decoder that takes a third of the time."""
        from msgspec.json import decode  # noqa: PLC0415 - its import belongs to the first such rows, not to the cold start
        from psycopg.types.json import set_json_loads  # noqa: PLC0415 - loaded already by the connection

        with self.connection.cursor() as cursor:
            set_json_loads(decode, cursor)
            return cursor.execute(query.encode(), self._scoped(parameters)).fetchall()

    def fetch_one(self, query: str, parameters: Mapping[str, Any] | None = None) -> Row | None:
        return self._run(query, parameters).fetchone()

    def execute_many(self, query: str, parameters: Iterable[Mapping[str, Any]]) -> None:
        with self.connection.cursor() as cursor:
            cursor.executemany(query.encode(), [self._scoped(row) for row in parameters])

    def copy(self, statement: str, rows: Iterable[Sequence[Any]]) -> None:
        """Write rows by `COPY … FROM STDIN`, the fastest way into a (temporary) table."""
        with self.connection.cursor() as cursor, cursor.copy(statement.encode()) as copy:
            for row in rows:
                copy.write_row(row)

    def stage(self, name: str, source: str, rows: Sequence[Mapping[str, Any]]) -> str:
        """Copy rows, of the same columns for one name, into the temporary table `incoming_{name}`; these, for SQL.

        `source` is a FROM clause that has these columns: it gives them their types and nothing else.
        """
        columns = ", ".join(rows[0])
        table = f"incoming_{name}"
        self.execute(_SQL["stage"].format(table=table, columns=columns, source=source))
        if table in self._staged:
            self.execute(_SQL["clear_stage"].format(table=table))
        self._staged.add(table)
        self.copy(_SQL["copy_to_stage"].format(table=table, columns=columns), (tuple(row.values()) for row in rows))
        return columns

    def publish(self, *events: DomainEvent) -> None:
        if events:
            self.execute(_SQL["append_to_outbox"], {"events": events_text(events)})

    def lock(self, *key: str) -> None:
        self.execute(_SQL["lock"], {"key": json.dumps([self.namespace, *key])})

    def lock_each(self, kind: str, names: Iterable[str]) -> None:
        """`lock(kind, name)` for every name in one statement, in order of the names: nobody waits in a circle."""
        keys = [json.dumps([self.namespace, kind, name]) for name in sorted(names)]
        self.execute(_SQL["lock_each"], {"keys": keys})

    def commit(self) -> None:
        self.committed = True

    def inner(self) -> Transaction:
        """One that is part of this."""
        return Transaction(self.connection, self.namespace, self._staged)

    def _scoped(self, parameters: Mapping[str, Any] | None) -> dict[str, Any]:
        return {"namespace": self.namespace, **(parameters or {})}

    def _run(self, query: str, parameters: Mapping[str, Any] | None) -> psycopg.Cursor[Row]:
        return self.connection.execute(query.encode(), self._scoped(parameters))
