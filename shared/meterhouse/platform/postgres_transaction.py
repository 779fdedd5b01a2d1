"""SQL of one unit of work, confined to a namespace; many rows at once go by COPY."""

from __future__ import annotations

import json
from contextlib import ExitStack, contextmanager
from itertools import chain, islice
from typing import TYPE_CHECKING, Any

from meterhouse.platform.outbox import events_text
from meterhouse.platform.sql import queries

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    import psycopg

    from meterhouse.platform.outbox import DomainEvent

Row = dict[str, Any]
_SQL = queries("meterhouse.platform", "postgres.sql")
_AHEAD = 1000
"""Rows to be copied that are made before a statement has ended that was started."""


class Transaction:
    """SQL inside one namespace: row level security shows this namespace's rows and no others."""

    def __init__(self, connection: psycopg.Connection[Row], namespace: str, outer: Transaction | None = None) -> None:
        self._connection = connection
        self.namespace = namespace
        self.committed = False
        self.afterwards: list[Callable[[], object]] = []
        self.otherwise: list[Callable[[], object]] = []
        self.started: ExitStack = ExitStack() if outer is None else outer.started
        """Once it is closed the server is at work on nothing of this transaction."""
        self.staged: set[str] = set() if outer is None else outer.staged

    @property
    def connection(self) -> psycopg.Connection[Row]:
        """Free for whatever comes next: what was started has ended."""
        self.started.close()
        return self._connection

    def execute(self, query: str, parameters: Mapping[str, Any] | None = None) -> int:
        """Run a statement; the number of rows it touched."""
        return self._run(query, parameters).rowcount

    def start(self, query: str, twice: Exception) -> None:
        """Let a statement run while the process makes the rows of the next one, which waits for it.

        Should it fail, then the next one raises, or the commit; `twice` where a key was there already.
        """
        connection = self.connection
        self.started.enter_context(_each_once(twice))
        self.started.enter_context(connection.pipeline())
        connection.execute(query.encode(), self._scoped(None))

    @contextmanager
    def savepoint(self) -> Iterator[psycopg.Transaction]:
        """What is done inside is undone alone when it fails, with what it started."""
        with self.connection.transaction() as saved, self.started:
            yield saved

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

    def stage(self, name: str, source: str, rows: Iterable[Mapping[str, Any]]) -> str:
        """Copy rows, of the same columns for one name, into the temporary table `incoming_{name}`; these, for SQL.

        Rows that are made one by one are made while the server is at work on what was started, and takes those before.
        `source` is a FROM clause that has these columns: it gives them their types and nothing else.
        """
        values = iter(rows)
        # while the server is at work; those after them while it takes these
        ahead = list(islice(values, _AHEAD if self._connection.pgconn.pipeline_status else 1))
        columns = ", ".join(ahead[0])
        table = f"incoming_{name}"
        self.execute(_SQL["stage"].format(table=table, columns=columns, source=source))
        if table in self.staged:
            self.execute(_SQL["clear_stage"].format(table=table))
        self.staged.add(table)
        copied = (tuple(row.values()) for row in chain(ahead, values))
        self.copy(_SQL["copy_to_stage"].format(table=table, columns=columns), copied)
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
        return Transaction(self.connection, self.namespace, self)

    def _scoped(self, parameters: Mapping[str, Any] | None) -> dict[str, Any]:
        return {"namespace": self.namespace, **(parameters or {})}

    def _run(self, query: str, parameters: Mapping[str, Any] | None) -> psycopg.Cursor[Row]:
        return self.connection.execute(query.encode(), self._scoped(parameters))


@contextmanager
def _each_once(twice: Exception) -> Iterator[None]:
    import psycopg  # noqa: PLC0415 - loaded already by the connection

    try:
        yield
    except psycopg.errors.UniqueViolation as error:
        raise twice from error
