"""Postgres as units of work know it: read committed, rows and keys that others wait for, commits that go unheard."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from meterhouse.kernel.errors import Unavailable
from meterhouse.platform.outbox import DomainEvent
from meterhouse.platform.work import Begin
from tests.simulation.faults import ProcessFaults

Rows = dict[Any, Any]
S = TypeVar("S")


@dataclass
class Tables:
    """Rows by table and key, as committed; a unique index is a table of its own."""

    committed: dict[str, Rows] = field(default_factory=lambda: defaultdict(dict))
    under_way: list["Transaction"] = field(default_factory=list)
    history: list[list[tuple[str, Any]]] = field(default_factory=list)
    """What each commit wrote, in its order."""

    def rows(self, table: str) -> list[Any]:
        return list(self.committed[table].values())


@dataclass(eq=False)
class Transaction:
    """One transaction: its own writings over what is committed by the time of each statement.

    Whoever would have to wait for another is refused, as by a lock timeout: here the other one goes on only after it.
    """

    tables: Tables
    faults: ProcessFaults
    written: dict[str, Rows] = field(default_factory=dict)
    locks: set[Any] = field(default_factory=set)
    order: list[tuple[str, Any]] = field(default_factory=list)
    refused: Exception | None = None
    """What a statement that was started came to: told by the next one."""

    def statement(self, name: str) -> None:
        """One that is sent to the server: others may be before it, it may never arrive."""
        if self.refused is not None:
            raise self.refused
        self.faults.before(name)

    def rows(self, table: str) -> Iterable[Any]:
        own = self.written.get(table)
        committed = self.tables.committed[table]
        if own is None:
            return list(committed.values())
        return [row for row in (committed | own).values() if row is not None]

    def get(self, table: str, key: Any) -> Any:
        own = self.written.get(table, {})
        return own[key] if key in own else self.tables.committed[table].get(key)

    def put(self, table: str, key: Any, row: Any) -> None:
        """Write a row; None deletes it."""
        self.lock(table, key)
        self.written.setdefault(table, {})[key] = row
        self.order.append((table, key))

    def insert(self, table: str, key: Any, row: Any) -> bool:
        """Whether there was none of this key."""
        self.lock(table, key)
        if self.get(table, key) is not None:
            return False
        self.put(table, key, row)
        return True

    def lock(self, *key: Any) -> None:
        if key not in self.locks:
            if any(key in other.locks for other in self.tables.under_way if other is not self):
                raise Unavailable(f"others hold {key}")
            self.locks.add(key)

    def publish(self, *events: DomainEvent) -> None:
        if events:
            self.statement(f"publish {', '.join(event.type for event in events)}")
        for event in events:
            self.insert("outbox", event.id, event)

    def commit(self) -> None:
        self.statement("commit")
        for table, rows in self.written.items():
            committed = self.tables.committed[table]
            for key, row in rows.items():
                if row is None:
                    committed.pop(key, None)
                else:
                    committed[key] = row
        self.tables.history.append(self.order)
        self.written, self.locks, self.order = {}, set(), []
        self.faults.after("commit", is_whole=True)


@dataclass
class Unit(Generic[S]):
    """`meterhouse.platform.work.Work`; one that has joined another is saved with it."""

    transaction: Transaction
    store: S
    has_joined: bool

    def publish(self, *events: DomainEvent) -> None:
        self.transaction.publish(*events)

    def lock(self, *key: str) -> None:
        self.transaction.statement(f"lock {' '.join(key)}")
        self.transaction.lock("advisory", *key)

    def commit(self) -> None:
        if not self.has_joined:
            self.transaction.commit()


@dataclass
class Connection:
    """A process's own; a transaction begun in another joins it."""

    tables: Tables
    faults: ProcessFaults
    open: Transaction | None = None

    def begins(self, store: Callable[[Transaction], S]) -> Begin[S]:
        @contextmanager
        def begin(_namespace: str) -> Iterator[Unit[S]]:
            if self.open is not None:
                yield Unit(self.open, store(self.open), has_joined=True)
                return
            self.open = Transaction(self.tables, self.faults)
            self.tables.under_way.append(self.open)
            try:
                yield Unit(self.open, store(self.open), has_joined=False)
            finally:
                self.tables.under_way.remove(self.open)
                self.open = None

        return begin
