"""What a namespace has in PostgreSQL, as JSON lines: table by table, read by a cursor, so that no size needs memory."""

from __future__ import annotations

import gzip
import hashlib
import json
import re
from dataclasses import asdict, dataclass
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from meterhouse.kernel.errors import InvalidInput, Problem
from meterhouse.platform.sql import queries

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from meterhouse.platform.postgres import Database, Transaction
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


class ExportTables:
    """Writes once: a table's own page is written after its parts, and what has one is not read again."""

    def __init__(
        self, database: Database, bucket: S3Bucket, *, now: Callable[[], datetime], part_bytes: int = PART_BYTES
    ) -> None:
        self._database = database
        self._bucket = bucket
        self._now = now
        self._part_bytes = part_bytes

    def __call__(self, namespace: str, name: str, until: datetime) -> ExportProgress:
        """Export table after table, at least one, until none is left or it is `until`; the same name goes on.

        Raises:
            Unavailable: a store did not answer.
        """
        folder = f"exports/{namespace}/{checked_name(name)}/"
        if (manifest := self._bucket.get(f"{folder}{MANIFEST}")) is not None:
            pages = json.loads(manifest)["tables"]
            return _progress(folder, pages, len(pages))
        with self._database.transaction(namespace) as transaction:
            tables = {row["name"]: row["columns"] for row in transaction.fetch_all(_SQL["tables"])}
        written = set(self._bucket.keys(folder))
        pages = [self._read(page) for table in tables if (page := f"{folder}{table}.json") in written]
        for table in sorted(tables.keys() - {page["table"] for page in pages}):
            pages.append(self._export(namespace, table, tables[table], f"{folder}{table}.json"))
            if self._now() >= until:
                break
        if len(pages) == len(tables):
            document = {"namespace": namespace, "tables": sorted(pages, key=itemgetter("table"))}
            self._bucket.put_new(f"{folder}{MANIFEST}", json.dumps(document).encode(), _JSON)
        return _progress(folder, pages, len(tables))

    def _read(self, page: str) -> dict[str, Any]:
        document: dict[str, Any] = json.loads(self._bucket.get(page) or b"")
        return document

    def _export(self, namespace: str, table: str, columns: list[str], page: str) -> dict[str, Any]:
        quoted = ", ".join(f'"{column}"' for column in columns)
        statement = _SQL["rows"].format(columns=quoted, table=f'"{table}"')
        with self._database.transaction(namespace) as transaction:
            parts = [self._put(page, lines) for lines in self._chunks(_lines(transaction, statement))]
        document = {"table": table, "rows": sum(part.rows for part in parts), "parts": [asdict(part) for part in parts]}
        self._bucket.put_new(page, json.dumps(document).encode(), _JSON)
        return document

    def _chunks(self, lines: Iterable[str]) -> Iterator[list[str]]:
        chunk: list[str] = []
        size = 0
        for line in lines:
            chunk.append(line)
            size += len(line)
            if size >= self._part_bytes:
                yield chunk
                chunk, size = [], 0
        if chunk:
            yield chunk

    def _put(self, page: str, lines: list[str]) -> ExportedPart:
        """A part is named by what is in it: one of a run that died is met again, or belongs to no page."""
        packed = gzip.compress("".join(f"{line}\n" for line in lines).encode(), 6, mtime=0)
        digest = hashlib.sha256(packed).hexdigest()
        key = f"{page.removesuffix('.json')}/{digest}.jsonl.gz"
        self._bucket.put_new(key, packed, "application/gzip")
        return ExportedPart(key, len(lines), len(packed), digest)


def _progress(folder: str, pages: Sequence[Mapping[str, Any]], tables: int) -> ExportProgress:
    return ExportProgress(folder, len(pages), tables, sum(page["rows"] for page in pages), len(pages) == tables)


def _lines(transaction: Transaction, statement: str) -> Iterator[str]:
    parameters: dict[str, Any] = {"namespace": transaction.namespace}
    with transaction.connection.cursor("export") as cursor:
        cursor.itersize = _ROWS_AT_ONCE
        cursor.execute(statement.encode(), parameters)
        for row in cursor:
            yield row["line"]
