"""Rebuild the usage store: events from the archive, then what only the log has; values by the sink's own code.

What is done is noted in the store itself, so a store that is lost again forgets it, and a run may die anywhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby, islice
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol
from zlib import crc32

from meterhouse.kernel.errors import InvalidInput, Problem, Unavailable
from meterhouse.metering.archive import ArchivedPage, ArchiveHour, ArchivePage, Kind, Manifest, named
from meterhouse.metering.batch import EventBatch, microseconds
from meterhouse.metering.record import Poison, Record, decode_record

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from meterhouse.metering.sink import EventWriter, LogRecord

_RECORDS_AT_ONCE = 500
MOST_WORKERS = 64


class Share(NamedTuple):
    """Which part of the archive a worker takes: all of it is that of 0 of 1."""

    worker: int = 0
    workers: int = 1

    def has(self, key: str) -> bool:
        return crc32(key.encode()) % self.workers == self.worker


def share_of(asked: Mapping[str, Any]) -> Share:
    """The share of `worker` of `workers`.

    Raises:
        InvalidInput: they are no numbers, or there is no such worker.
    """
    worker, workers = asked.get("worker", 0), asked.get("workers", 1)
    if type(worker) is not int or type(workers) is not int or not 0 <= worker < workers <= MOST_WORKERS:
        fault = Problem("/worker", "worker", f"a number below that of workers, which is 1 to {MOST_WORKERS}")
        raise InvalidInput("there is no such worker", [fault])
    return Share(worker, workers)


@dataclass(frozen=True, slots=True)
class LogProgress:
    """Where reading the log again is: per partition the next offset, and the one it ends at."""

    next: Mapping[int, int]
    upto: Mapping[int, int]

    @property
    def left(self) -> int:
        return sum(max(end - self.next.get(partition, 0), 0) for partition, end in self.upto.items())


@dataclass(frozen=True, slots=True)
class RebuildProgress:
    """How far it is, over all workers.

    Attributes:
        hours, held: of the archive, and those that stand in the store.
        mine: hours that are left of this worker's share.
        records_left: of the log.
        complete: whether all is done, which the first worker alone can say.
    """

    hours: int
    held: int
    mine: int
    records_left: int
    complete: bool


class Archive(Protocol):
    """Each raises `Unavailable`, and `InvariantBroken` where a file is not what was archived."""

    def manifests(self) -> Iterator[str]: ...

    def manifest(self, key: str) -> Manifest: ...

    def parquet(self, archived: ArchivedPage) -> bytes: ...


class RebuiltStore(Protocol):
    """Each raises `Unavailable` when it did not answer, and may be repeated."""

    def held(self) -> Mapping[ArchiveHour, int]:
        """Hours of the archive that stand in the store, with their editions."""

    def load(self, kind: Kind, parquet: bytes) -> None: ...

    def stored(self, of: ArchiveHour, page: ArchivePage) -> EventBatch: ...

    def hold(self, manifest: Manifest) -> None: ...

    def log_progress(self) -> LogProgress | None: ...

    def note_log(self, progress: LogProgress) -> None: ...

    def forget_log(self) -> None:
        """The next rebuild reads the log anew: the store may be an older one by then."""

    def writings(self, partition: int, records: Sequence[tuple[int, int]]) -> Mapping[tuple[int, int], int]:
        """How many writings stand in the store, by (offset, when accepted in ms)."""


class EventLog(Protocol):
    """Each raises `Unavailable`."""

    def starts(self) -> Mapping[int, int]: ...

    def ends(self) -> Mapping[int, int]: ...

    def between(self, starts: Mapping[int, int], ends: Mapping[int, int]) -> Iterator[LogRecord]: ...


@dataclass(frozen=True, slots=True)
class RebuildPorts:
    """`witnesses` begin again: what they saw was in the store. `roll_up` tells how many hours it computed anew."""

    archive: Archive
    store: RebuiltStore
    log: EventLog
    write: EventWriter
    witnesses: Sequence[Callable[[], None]]
    roll_up: Callable[[], int]


class RebuildUsage:
    def __init__(self, ports: RebuildPorts, *, now: Callable[[], datetime]) -> None:
        self._ports = ports
        self._now = now

    def __call__(self, share: Share, until: datetime) -> RebuildProgress:
        """Rebuild this worker's share, at least one hour or part of the log, until it is `until`.

        The first worker reads the log, and rolls up, once all hours are there.

        Raises:
            Unavailable: a store did not answer; running again goes on where this ended.
            InvariantBroken: the archive is not what was archived.
        """
        store = self._ports.store
        keys = list(self._ports.archive.manifests())
        if store.log_progress() is None:
            self._begin_log()
        for key in missing(keys, store):
            if share.has(key):
                self._take(self._ports.archive.manifest(key))
                if self._now() >= until:
                    break
        left = missing(keys, store)
        is_complete = not left and share.worker == 0 and self._read_log(until) and not self._rolls_up(until)
        log = store.log_progress()
        if is_complete:
            store.forget_log()
        mine = sum(share.has(key) for key in left)
        return RebuildProgress(len(keys), len(keys) - len(left), mine, 0 if log is None else log.left, is_complete)

    def _take(self, manifest: Manifest) -> None:
        store, of = self._ports.store, manifest.of
        for archived in manifest.pages:
            store.load(of.kind, self._ports.archive.parquet(archived))
            if of.kind == "events":
                self._ports.write.again(store.stored(of, archived.page), self._now())
        store.hold(manifest)

    def _rolls_up(self, until: datetime) -> bool:
        """Whether there may be more to roll up."""
        while self._ports.roll_up():
            if self._now() >= until:
                return True
        return False

    def _read_log(self, until: datetime) -> bool:
        """Whether the log is read up to where it ended when that began; what came since is the sink's."""
        progress = self._ports.store.log_progress() or self._begin_log()
        first = self._ports.log.starts()
        starts = {partition: max(at, first.get(partition, at)) for partition, at in progress.next.items()}
        progress = LogProgress(starts, progress.upto)
        if not progress.left:
            return True
        records = self._ports.log.between(progress.next, progress.upto)
        while chunk := list(_patient(islice(records, _RECORDS_AT_ONCE))):
            self._write_missing(chunk)
            reached = {record.partition: record.offset + 1 for record in chunk}
            progress = LogProgress({**progress.next, **reached}, progress.upto)
            self._ports.store.note_log(progress)
            if self._now() >= until:
                break
        return not progress.left

    def _begin_log(self) -> LogProgress:
        for begin_again in self._ports.witnesses:
            begin_again()
        progress = LogProgress(self._ports.log.starts(), self._ports.log.ends())
        self._ports.store.note_log(progress)
        return progress

    def _write_missing(self, records: Iterable[LogRecord]) -> None:
        """Store the events of records that are not stored whole; what no sink can read is among the dead letters."""
        batch = EventBatch()
        in_order = sorted(records, key=lambda record: (record.partition, record.offset))
        for partition, of_partition in groupby(in_order, key=lambda record: record.partition):
            read = [(record.offset, request) for record in of_partition if (request := _request(record)) is not None]
            stored = self._ports.store.writings(partition, [_place(*one) for one in read])
            for offset, request in read:
                if stored.get(_place(offset, request), 0) < len(request.events):
                    batch.add(request.namespace, request.ingested_at, partition, offset, request.events)
        # when these were stored the first time nobody knows; whoever billed them waited for what was accepted
        batch.stored = list(batch.ingested)
        self._ports.write(batch, self._now())


def missing(keys: Iterable[str], store: RebuiltStore) -> list[str]:
    """Of the keys of manifests those whose hours the store does not hold."""
    held = store.held()
    return [key for key in keys for of, edition in [named(key)] if held.get(of, -1) < edition]


def is_whole(archive: Archive, store: RebuiltStore) -> bool:
    """Whether the store holds all that was archived and is not being rebuilt: nobody bills what was lost.

    Raises:
        Unavailable: one of them did not answer.
    """
    return store.log_progress() is None and not missing(archive.manifests(), store)


class StillWhole:
    """`is_whole` for who asks again and again: the archive is listed once, and anew when the store lost something.

    What is archived while the store is whole was read out of it.
    """

    def __init__(self, archive: Archive, store: RebuiltStore) -> None:
        self._archive = archive
        self._store = store
        self._seen: Mapping[ArchiveHour, int] | None = None
        """What the store held when it was whole; None: it was not, or nobody asked."""

    def __call__(self) -> bool:
        """Raises as `is_whole`."""
        seen, self._seen = self._seen, None
        if self._store.log_progress() is not None:
            return False
        held = self._store.held()
        lost = seen is None or any(held.get(of, -1) < edition for of, edition in seen.items())
        if lost and not is_whole(self._archive, self._store):
            return False
        self._seen = held
        return True


def _place(offset: int, request: Record) -> tuple[int, int]:
    return offset, microseconds(request.ingested_at) // 1000


def _request(record: LogRecord) -> Record | None:
    try:
        return decode_record(record.value or b"")
    except Poison:
        return None


def _patient(records: Iterable[LogRecord]) -> Iterator[LogRecord]:
    """Those that came before the log's turn was over: the next call goes on."""
    try:
        yield from records
    except Unavailable:
        return
