"""What a namespace has in PostgreSQL, as JSON lines: table by table, read by a cursor, so that no size needs memory."""

from __future__ import annotations

import gzip
import hashlib
import json
import re
from dataclasses import asdict, dataclass
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from meterhouse.kernel.errors import InvalidInput, Problem, Unavailable
from meterhouse.platform.sql import queries

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from meterhouse.platform.postgres import Database
    from meterhouse.platform.postgres_transaction import Transaction
    from meterhouse.platform.s3 import S3Bucket

_SQL = queries("meterhouse.platform", "export.sql")
_ROWS_AT_ONCE = 1_000
PART_BYTES = 16 * 1024 * 1024
"""Of JSON lines, before they are compressed; the last line may pass it."""
MANIFEST = "manifest.json"
_JSON = "application/json"
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")


@dataclass(frozen=True, slots=True)
class ExportedPart:
    key: str
    rows: int
    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class ExportProgress:
    """The folder in the bucket; tables that are written, and of how many."""

    folder: str
    done: int
    tables: int
    rows: int
    complete: bool


def checked_name(name: str) -> str:
    """The name, fit for an export.

    Raises:
        InvalidInput: it is not.
    """
    if not _NAME.fullmatch(name):
        fault = Problem("/name", "name", "lower-case letters, digits and -, at most 40 characters")
        raise InvalidInput("the export has no valid name", [fault])
    return name


@dataclass(frozen=True, slots=True)
class _Table:
    name: str
    columns: list[str]
    key: list[str]

    def statement(self) -> str:
        columns, key = (", ".join(f'"{name}"' for name in names) for names in (self.columns, self.key))
        return _SQL["rows"].format(columns=columns, table=f'"{self.name}"', key=key)

    def place(self, line: bytes) -> str:
        """Where this row stands in the order of the key."""
        row = json.loads(line)
        return json.dumps({name: row[name] for name in self.key})


class ExportTables:
    """Part after part in the order of a table's key, numbered, then the table's page, at the end the manifest.

    All is written once. A run that dies leaves parts that the next one takes as they are: it goes on after their last
    row, so that every part belongs to a page. Of two runs at once one waits for the other.
    """

    def __init__(
        self, database: Database, bucket: S3Bucket, *, now: Callable[[], datetime], part_bytes: int = PART_BYTES
    ) -> None:
        self._database = database
        self._bucket = bucket
        self._now = now
        self._part_bytes = part_bytes

    def __call__(self, namespace: str, name: str, until: datetime) -> ExportProgress:
        """Export at least one part or table, until none is left or it is `until`; the same name goes on.

        Raises:
            Unavailable: a store did not answer, or another run writes this export.
        """
        folder = f"exports/{namespace}/{checked_name(name)}/"
        with self._database.transaction(namespace) as transaction:
            transaction.lock("export", name)
            if (manifest := self._bucket.get(f"{folder}{MANIFEST}")) is not None:
                pages = json.loads(manifest)["tables"]
                return _progress(folder, pages, len(pages))
            tables = [_Table(**row) for row in transaction.fetch_all(_SQL["tables"])]
            pages = self._pages(transaction, folder, tables, until)
            if len(pages) == len(tables):
                document = {"v": 1, "namespace": namespace, "tables": sorted(pages, key=itemgetter("table"))}
                self._put(f"{folder}{MANIFEST}", json.dumps(document).encode(), _JSON)
        return _progress(folder, pages, len(tables))

    def _pages(
        self, transaction: Transaction, folder: str, tables: Sequence[_Table], until: datetime
    ) -> list[dict[str, Any]]:
        written = list(self._bucket.keys(folder))
        standing = {table.name for table in tables if f"{folder}{table.name}.json" in written}
        pages = [json.loads(self._bucket.get(f"{folder}{name}.json") or b"") for name in standing]
        for table in tables:
            if table.name not in standing:
                parts = [key for key in written if key.startswith(f"{folder}{table.name}/")]
                if (page := self._export(transaction, folder, table, parts, until)) is not None:
                    pages.append(page)
                if self._now() >= until:
                    break
        return pages

    def _export(
        self, transaction: Transaction, folder: str, table: _Table, standing: Sequence[str], until: datetime
    ) -> dict[str, Any] | None:
        """The table's page; None: it is `until`, and there may be more parts to come."""
        parts: list[ExportedPart] = []
        after = None
        for key in standing:
            packed = self._bucket.get(key) or b""
            lines = gzip.decompress(packed).splitlines()
            parts.append(_part(key, packed, len(lines)))
            after = table.place(lines[-1])
        for lines in self._chunks(_lines(transaction, table.statement(), after)):
            packed = gzip.compress(b"".join(b"%b\n" % line for line in lines), 6, mtime=0)
            parts.append(_part(f"{folder}{table.name}/{len(parts):06}.jsonl.gz", packed, len(lines)))
            self._put(parts[-1].key, packed, "application/gzip")
            if self._now() >= until:
                return None
        rows = sum(part.rows for part in parts)
        page = {"table": table.name, "rows": rows, "parts": [asdict(part) for part in parts]}
        self._put(f"{folder}{table.name}.json", json.dumps(page).encode(), _JSON)
        return page

    def _chunks(self, lines: Iterable[bytes]) -> Iterator[list[bytes]]:
        chunk: list[bytes] = []
        size = 0
        for line in lines:
            chunk.append(line)
            size += len(line)
            if size >= self._part_bytes:
                yield chunk
                chunk, size = [], 0
        if chunk:
            yield chunk

    def _put(self, key: str, body: bytes, content_type: str) -> None:
        if not self._bucket.put_new(key, body, content_type):
            raise Unavailable(f"another run has written {key}")


def _part(key: str, packed: bytes, rows: int) -> ExportedPart:
    return ExportedPart(key, rows, len(packed), hashlib.sha256(packed).hexdigest())


def _progress(folder: str, pages: Sequence[Mapping[str, Any]], tables: int) -> ExportProgress:
    return ExportProgress(folder, len(pages), tables, sum(page["rows"] for page in pages), len(pages) == tables)


def _lines(transaction: Transaction, statement: str, after: str | None) -> Iterator[bytes]:
    parameters: dict[str, Any] = {"namespace": transaction.namespace, "after": after}
    with transaction.connection.cursor("export") as cursor:
        cursor.itersize = _ROWS_AT_ONCE
        cursor.execute(statement.encode(), parameters)
        for row in cursor:
            yield row["line"].encode()
