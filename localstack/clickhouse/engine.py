"""The engine in this process: one data path, a pool of connections, and named sessions."""

import re
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from queue import Empty, LifoQueue
from typing import Protocol

import chdb

from localstack.clickhouse.statement import Insert, Query, Statement

SESSION_IS_LOCKED = 373
UNKNOWN = 1002
_CODE = re.compile(r"Code: (\d+)\..*", re.DOTALL)
_NOTHING_COMPILED = "SET compile_expressions = 0, compile_aggregate_expressions = 0, compile_sort_description = 0"
"""Machine code for one expression costs a quarter of a second of a core; on a laptop's data it never earns that."""
_PROMPT = "&".join(
    f"background_processing_pool_{name}=0.01"
    for name in (
        "thread_sleep_seconds_if_nothing_to_do",
        "thread_sleep_seconds_random_part",
        "task_sleep_seconds_when_no_work_random_part",
    )
)
"""A background pool of two threads that is full asks again after so many seconds, not half a second: a mutation, which
touches every part, would wait a tenth of a second for each."""
_NUMBER = re.compile(r"-?\d+(\.\d+)?")


class Result(Protocol):
    """What chDB answers a query with."""

    def bytes(self) -> bytes | None: ...
    def rows_read(self) -> int: ...
    def bytes_read(self) -> int: ...


class Inserted(Protocol):
    rows_written: int
    bytes_written: int


class Inserter(AbstractContextManager["Inserter"], Protocol):
    """chDB's insert stream: leaving the block without `finish` cancels it."""

    def append(self, data: bytes) -> None: ...
    def finish(self) -> Inserted: ...


class Connection(Protocol):
    """A chDB connection: a session of the engine. Everything it refuses is a RuntimeError with ClickHouse's message."""

    def query(self, query: str, format: str, params: Mapping[str, str] | None = None) -> Result: ...  # noqa: A002 - chDB's name
    def send_insert(self, query: str, format: str) -> Inserter: ...  # noqa: A002 - chDB's name
    def close(self) -> None: ...


class EngineError(Exception):
    """An error of ClickHouse itself, with its number from `system.errors`."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class Outcome:
    data: bytes
    format: str
    read_rows: int = 0
    read_bytes: int = 0
    written_rows: int = 0
    written_bytes: int = 0


@dataclass(slots=True)
class Channel:
    """A connection and the settings it stands in, so that a request like the last one costs no statement of ours."""

    connection: Connection
    database: str = ""
    settings: dict[str, str] = field(default_factory=dict)

    def use(self, database: str) -> None:
        if database != self.database:
            self.execute(f"USE `{database.replace('`', '``')}`")
            self.database = database

    def adopt(self, settings: Mapping[str, str]) -> None:
        """Stand in exactly these settings: new ones set, those of earlier requests back to their defaults."""
        changed = dict.fromkeys(self.settings.keys() - settings.keys(), "DEFAULT")
        changed |= {name: _literal(value) for name, value in settings.items() if self.settings.get(name) != value}
        if changed:
            self.execute(f"SET {', '.join(f'{name} = {value}' for name, value in changed.items())}")
            self.settings = dict(settings)

    def execute(self, sql: str) -> None:
        try:
            self.connection.query(sql, "Null")
        except RuntimeError as error:
            raise _translated(error) from None


@dataclass(slots=True)
class Session:
    """A channel that keeps its temporary tables from request to request."""

    channel: Channel
    timeout: float
    used_at: float = field(default_factory=time.monotonic)
    lock: threading.Lock = field(default_factory=threading.Lock)


class Engine:
    """Runs statements. Safe to share between threads; each statement holds one connection."""

    def __init__(self, path: Path) -> None:
        path.mkdir(parents=True, exist_ok=True)
        self._path = str(path)
        self._idle: dict[bool, LifoQueue[Channel]] = {True: LifoQueue(), False: LifoQueue()}
        self._sessions: dict[str, Session] = {}
        self._guard = threading.Lock()
        # Open for as long as the engine lives: the engine shuts down with its last connection.
        self._anchor: Connection = chdb.connect(f"{self._path}?{_PROMPT}")

    def run(self, statement: Statement) -> Outcome:
        """The statement's result.

        Raises:
            EngineError: what ClickHouse answers.
        """
        with self._channel(statement) as channel:
            channel.adopt(statement.settings)
            try:
                if isinstance(statement.action, Insert):
                    return _insert(channel.connection, statement.action)
                return _query(channel.connection, statement.action, statement.params)
            except RuntimeError as error:
                raise _translated(error) from None

    def close(self) -> None:
        """Flushes and frees the data path."""
        for session in self._sessions.values():
            session.channel.connection.close()
        for idle in self._idle.values():
            while not idle.empty():
                idle.get().connection.close()
        self._anchor.close()

    @contextmanager
    def _channel(self, statement: Statement) -> Iterator[Channel]:
        if statement.session_id:
            with self._session(statement) as channel:
                yield channel
            return
        idle = self._idle[statement.read_only]
        try:
            channel = idle.get_nowait()
        except Empty:
            channel = self._open(read_only=statement.read_only)
        try:
            channel.use(statement.database or "default")
            yield channel
        finally:
            idle.put(channel)

    @contextmanager
    def _session(self, statement: Statement) -> Iterator[Channel]:
        session = self._lock_session(statement)
        try:
            if statement.database:
                session.channel.use(statement.database)
            yield session.channel
        finally:
            session.used_at, session.timeout = time.monotonic(), statement.session_timeout
            session.lock.release()

    def _lock_session(self, statement: Statement) -> Session:
        with self._guard:
            self._drop_idle_sessions()
            session = self._sessions.get(statement.session_id)
            if session is None:
                session = Session(self._open(read_only=False), statement.session_timeout)
                self._sessions[statement.session_id] = session
            if session.lock.acquire(blocking=False):
                return session
        what = f"Session {statement.session_id} is locked by a concurrent client. (SESSION_IS_LOCKED)"
        raise EngineError(SESSION_IS_LOCKED, f"Code: {SESSION_IS_LOCKED}. DB::Exception: {what}")

    def _drop_idle_sessions(self) -> None:
        now = time.monotonic()
        for name, session in list(self._sessions.items()):
            if now - session.used_at > session.timeout and session.lock.acquire(blocking=False):
                self._sessions.pop(name).channel.connection.close()

    def _open(self, *, read_only: bool) -> Channel:
        channel = Channel(chdb.connect(self._path))
        channel.execute(_NOTHING_COMPILED)
        if read_only:
            channel.execute("SET readonly = 2")
        return channel


def _insert(connection: Connection, insert: Insert) -> Outcome:
    with connection.send_insert(insert.head, insert.format) as stream:
        stream.append(insert.blocks)
        result = stream.finish()
    return Outcome(b"", insert.format, written_rows=result.rows_written, written_bytes=result.bytes_written)


def _query(connection: Connection, query: Query, params: Mapping[str, str]) -> Outcome:
    result = connection.query(query.sql, query.format, params=dict(params))
    return Outcome(
        data=result.bytes() or b"",
        format=query.format,
        read_rows=result.rows_read(),
        read_bytes=result.bytes_read(),
    )


def _translated(error: RuntimeError) -> EngineError:
    found = _CODE.search(str(error))
    if found is None:
        return EngineError(UNKNOWN, f"Code: {UNKNOWN}. DB::Exception: {error} (UNKNOWN_EXCEPTION)")
    return EngineError(int(found[1]), found[0])


def _literal(value: str) -> str:
    if _NUMBER.fullmatch(value):
        return value
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"
