"""The archive: what was stored in an hour, in files that never change, and the page that says which they are."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Literal
from urllib.parse import quote, unquote

if TYPE_CHECKING:
    from collections.abc import Sequence

Kind = Literal["events", "accepted"]
KINDS: tuple[Kind, ...] = ("events", "accepted")
"""Writings as they were stored, a namespace each; records as the witness saw them, of all namespaces together."""
HOUR = timedelta(hours=1)
SETTLES = timedelta(minutes=15)
"""The longest run of a Lambda: who began to store in an hour has ended by then."""
_HOUR_FORMAT = "%Y-%m-%dT%H"


@dataclass(frozen=True, slots=True, order=True)
class ArchiveHour:
    """The hour of a namespace's storing; of records seen by the witness the namespace is ""."""

    kind: Kind
    namespace: str
    hour: datetime

    @property
    def folder(self) -> str:
        return f"{folder_of(self.kind, self.namespace)}{self.hour.strftime(_HOUR_FORMAT)}/"


@dataclass(frozen=True, slots=True)
class ArchivePage:
    """Rows of one partition, from a record to a record, both included."""

    partition: int
    first: int
    last: int
    rows: int


@dataclass(frozen=True, slots=True)
class ArchivedPage:
    """A page and the Parquet file that holds it, named by its own digest."""

    page: ArchivePage
    key: str
    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """What of an hour is archived. A later edition holds all that an earlier one does, and what came after it."""

    of: ArchiveHour
    edition: int
    pages: tuple[ArchivedPage, ...]

    @property
    def key(self) -> str:
        return f"{MANIFESTS}{self.of.folder}{self.edition:06}.json"

    @property
    def rows(self) -> int:
        return sum(archived.page.rows for archived in self.pages)


MANIFESTS = "manifests/"


def folder_of(kind: Kind, namespace: str) -> str:
    """Where all of a namespace is; names of namespaces may come from anybody's record, so they are quoted."""
    return f"{kind}/{quote(namespace, safe='') or '-'}/"


def archived_page(of: ArchiveHour, page: ArchivePage, parquet: bytes) -> ArchivedPage:
    digest = hashlib.sha256(parquet).hexdigest()
    return ArchivedPage(page, f"{of.folder}{digest}.parquet", len(parquet), digest)


def is_sound(archived: ArchivedPage, parquet: bytes | None) -> bool:
    """Whether these are the bytes that were archived."""
    return parquet is not None and hashlib.sha256(parquet).hexdigest() == archived.sha256


def written(manifest: Manifest) -> bytes:
    document = {
        "v": 1,
        "kind": manifest.of.kind,
        "namespace": manifest.of.namespace,
        "hour": manifest.of.hour.isoformat(),
        "edition": manifest.edition,
        "rows": manifest.rows,
        "pages": [asdict(archived) for archived in manifest.pages],
    }
    return json.dumps(document, sort_keys=True).encode()


def read(document: bytes) -> Manifest:
    """Raises ValueError, KeyError or TypeError where it is no manifest."""
    found = json.loads(document)
    if found["v"] != 1 or found["kind"] not in KINDS:
        raise ValueError("a manifest of another version")
    pages = [
        ArchivedPage(ArchivePage(**one["page"]), one["key"], one["bytes"], one["sha256"]) for one in found["pages"]
    ]
    hour = ArchiveHour(found["kind"], found["namespace"], datetime.fromisoformat(found["hour"]))
    return Manifest(hour, found["edition"], tuple(pages))


def named(key: str) -> tuple[ArchiveHour, int]:
    """The hour and the edition that a manifest's key names; ValueError where it is no such key."""
    _, kind, namespace, hour, edition = key.split("/")
    if kind not in KINDS:
        raise ValueError(f"{key} is no key of a manifest")
    at = datetime.strptime(hour, _HOUR_FORMAT).replace(tzinfo=UTC)
    return ArchiveHour(kind, "" if namespace == "-" else unquote(namespace), at), int(edition.removesuffix(".json"))


def latest(keys: Sequence[str]) -> list[str]:
    """Of the keys of manifests those that hold all of their hour."""
    by_hour = {key.rpartition("/")[0]: key for key in sorted(keys)}
    return list(by_hour.values())


def closed_before(now: datetime) -> datetime:
    """Hours that begin before this have ended, and whoever stored in them has."""
    settled = (now - SETTLES).astimezone(UTC)
    return settled.replace(minute=0, second=0, microsecond=0)


def lag(oldest: datetime | None, now: datetime) -> timedelta:
    """How long the oldest hour that is not archived has been closed."""
    return timedelta() if oldest is None else max(now - (oldest + HOUR + SETTLES), timedelta())
