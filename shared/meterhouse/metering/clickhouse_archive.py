"""The archive's side in ClickHouse: what is to be archived, and what is taken back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from meterhouse.metering.archive import ArchiveHour, ArchivePage, Kind, Manifest
from meterhouse.metering.archive_hours import FoundHour
from meterhouse.metering.clickhouse_stored_events import stored_batch
from meterhouse.metering.rebuild_usage import LogProgress
from meterhouse.platform.sql import queries

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from meterhouse.metering.batch import EventBatch
    from meterhouse.platform.clickhouse import ClickHouse

_SQL = queries("meterhouse.metering", "archive.sql")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND = timedelta(seconds=1)
PAGE_ROWS = 20_000
PAGE_BYTES = 32 * 1024 * 1024
EVENT_COLUMNS = (
    "namespace",
    "type",
    "subject",
    "hour",
    "source",
    "id",
    "time",
    "time_given",
    "data",
    "datacontenttype",
    "dataschema",
    "validation_error",
    "ingested_at",
    "stored_at",
    "partition",
    "offset",
    "position",
    "identity",
)
"""What is archived of an event, and taken back."""
_SPOOL_KEPT = timedelta(days=4)
"""Longer than `archivable_events` takes rows for (migration 0210): what is dropped is never added to."""


@dataclass(frozen=True, slots=True)
class _Source:
    """Where rows of a kind stand, in which order they are archived, and which columns are taken back."""

    table: str
    target: str
    namespace: str
    hour: str
    of_hour: str
    page: str
    bytes_of_row: str
    columns: tuple[str, ...]
    told: tuple[str, ...] = ()
    """Columns that are archived for whoever reads the file, and computed anew when it is taken back."""
    looks_back: timedelta | None = None


_SOURCES: Mapping[Kind, _Source] = {
    "events": _Source(
        table="archivable_events",
        target="events",
        namespace="namespace",
        hour="archive_hour",
        of_hour=_SQL["of_events_hour"],
        page=_SQL["page"],
        bytes_of_row="length(data) + length(subject) + length(source) + length(id)",
        columns=EVENT_COLUMNS,
        told=("digest",),
    ),
    "accepted": _Source(
        table="accepted_records",
        target="accepted_records",
        namespace="''",
        hour="hour",
        of_hour=_SQL["of_accepted_hour"],
        page=_SQL["accepted_page"],
        bytes_of_row="length(namespace)",
        columns=("namespace", "partition", "offset", "accepted_at", "events"),
        looks_back=timedelta(days=35),
    ),
}


class ClickHouseArchive:
    def __init__(self, store: ClickHouse, page_rows: int = PAGE_ROWS) -> None:
        self._store = store
        self._page_rows = page_rows

    def unarchived(self, kind: Kind, before: datetime) -> list[FoundHour]:
        source = _SOURCES[kind]
        parameters: dict[str, Any] = {"kind": kind, "before": _seconds(before)}
        since = ""
        if source.looks_back is not None:
            since = _SQL["since"].format(hour=source.hour)
            parameters["since"] = _seconds(before - source.looks_back)
        text = _SQL["unarchived"].format(table=source.table, namespace=source.namespace, hour=source.hour, since=since)
        found = [
            (FoundHour(ArchiveHour(kind, namespace, _EPOCH + at * _SECOND), edition), held)
            for namespace, at, edition, held in self._store.query(text, parameters)
        ]
        return [one for one, held in found if held == 0 or self._rows(one.of) > held]

    def _rows(self, of: ArchiveHour) -> int:
        source = _SOURCES[of.kind]
        text = _SQL["exact"].format(table=source.table, of_hour=source.of_hour)
        [(rows,)] = self._store.query(text, _key(of))
        return int(rows)

    def pages(self, of: ArchiveHour) -> list[ArchivePage]:
        source = _SOURCES[of.kind]
        text = _SQL["pages"].format(table=source.table, of_hour=source.of_hour, bytes_of_row=source.bytes_of_row)
        parameters = _key(of) | {"rows": self._page_rows, "bytes": PAGE_BYTES}
        return [ArchivePage(*row) for row in self._store.query(text, parameters)]

    def parquet(self, of: ArchiveHour, page: ArchivePage) -> bytes:
        source = _SOURCES[of.kind]
        text = source.page.format(
            table=source.table, of_hour=source.of_hour, columns=", ".join((*source.columns, *source.told))
        )
        return self._store.parquet(text, _key(of) | _place(page))

    def complete(self, of: ArchiveHour, parquet: bytes) -> None:
        source = _SOURCES[of.kind]
        self._store.insert_parquet(source.table, (*source.columns, *source.told), parquet)

    def hold(self, manifest: Manifest) -> None:
        of = manifest.of
        row: list[Sequence[Any]] = [[of.kind], [of.namespace], [of.hour], [manifest.edition], [manifest.rows]]
        self._store.insert("archived_hours", ("kind", "namespace", "hour", "edition", "rows"), row)

    def forget_archived(self, now: datetime) -> None:
        before = f"{now - _SPOOL_KEPT:%Y%m%d}"
        for (day,) in self._store.query(_SQL["days"], {"before": before}):
            self._store.command(_SQL["drop_day"], {"day": int(day)})

    def held(self) -> dict[ArchiveHour, int]:
        """The hours of the archive that this store holds, with their latest editions."""
        return {
            ArchiveHour(kind, namespace, _EPOCH + at * _SECOND): edition
            for kind, namespace, at, edition in self._store.query(_SQL["held"])
        }

    def load(self, kind: Kind, parquet: bytes) -> None:
        """Take rows of an archived page back; the same again are the same rows."""
        source = _SOURCES[kind]
        self._store.insert_parquet(source.target, source.columns, parquet)

    def stored(self, of: ArchiveHour, page: ArchivePage) -> EventBatch:
        """What is stored of a page of events, ready to be read by meters."""
        rows = self._store.query(_SQL["stored"], _key(of) | _place(page))
        return stored_batch(of.namespace, [row[0] for row in rows], [row[1:] for row in rows])

    def log_progress(self) -> LogProgress | None:
        rows = self._store.query(_SQL["log_read"])
        if not rows:
            return None
        return LogProgress({row[0]: row[1] for row in rows}, {row[0]: row[2] for row in rows})

    def note_log(self, progress: LogProgress) -> None:
        partitions = sorted(progress.upto)
        rows = [partitions, [progress.next[one] for one in partitions], [progress.upto[one] for one in partitions]]
        self._store.insert("rebuilt_log", ("partition", "next", "upto"), rows)

    def forget_log(self) -> None:
        self._store.command(_SQL["forget_log"])

    def writings(self, partition: int, records: Sequence[tuple[int, int]]) -> dict[tuple[int, int], int]:
        if not records:
            return {}
        offsets, instants = zip(*records, strict=True)
        parameters = {
            "partition": partition,
            "first": min(offsets),
            "last": max(offsets),
            "from": min(instants) * 1000,
            "to": (max(instants) + 1) * 1000,
        }
        rows = self._store.query(_SQL["writings_of_records"], parameters)
        return {(offset, at): count for offset, at, count in rows}


def _key(of: ArchiveHour) -> dict[str, Any]:
    return {"namespace": of.namespace, "hour": _seconds(of.hour)}


def _place(page: ArchivePage) -> dict[str, Any]:
    return {"partition": page.partition, "first": page.first, "last": page.last}


def _seconds(at: datetime) -> int:
    return (at - _EPOCH) // _SECOND
