"""Archive closed hours: page by page to files named by what is in them, then the manifest, then the store's own note.

Dying anywhere leaves files that nothing names, or a manifest that the next run finds; no repeat writes anything else.
An hour whose next edition is there and is not what this store has stays as it is: the store has lost something, and a
rebuild takes that edition up.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, Protocol

from meterhouse.metering.archive import (
    KINDS,
    ArchivedPage,
    ArchiveHour,
    ArchivePage,
    Kind,
    Manifest,
    archived_page,
    closed_before,
    lag,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime, timedelta


class FoundHour(NamedTuple):
    """An hour of which the store holds more rows than its latest edition in the archive."""

    of: ArchiveHour
    next_edition: int


@dataclass(frozen=True, slots=True)
class Archiving:
    """Hours archived, hours that were left for the next run, and how late the oldest of them is."""

    archived: int
    left: int
    lag: timedelta


class ArchivableStore(Protocol):
    """Each raises `Unavailable` when it did not answer."""

    def unarchived(self, kind: Kind, before: datetime) -> list[FoundHour]:
        """Hours that began before this and are not archived as they are now, the oldest first."""

    def pages(self, of: ArchiveHour) -> list[ArchivePage]: ...

    def parquet(self, of: ArchiveHour, page: ArchivePage) -> bytes:
        """The page's rows as a Parquet file."""

    def complete(self, of: ArchiveHour, parquet: bytes) -> None:
        """Have rows that are archived among those to be archived, whatever became of them; a repeat does nothing."""

    def hold(self, manifest: Manifest) -> None:
        """Note that this store holds what is archived there."""

    def forget_archived(self, now: datetime) -> None:
        """Drop old days of what is kept for the archive alone, those of which nothing is left to archive."""


class Archive(Protocol):
    """Each raises `Unavailable` when it did not answer."""

    def put(self, archived: ArchivedPage, parquet: bytes) -> None: ...

    def publish(self, manifest: Manifest) -> Manifest:
        """Write the manifest; where there is one of this hour and edition, that one stays and is returned."""

    def manifest(self, key: str) -> Manifest: ...

    def parquet(self, archived: ArchivedPage) -> bytes: ...


class ArchiveHours:
    def __init__(self, store: ArchivableStore, archive: Archive, *, now: Callable[[], datetime]) -> None:
        self._store = store
        self._archive = archive
        self._now = now

    def __call__(self, until: datetime, *, open_hours: bool = False) -> Archiving:
        """Archive hour after hour until none is left or it is `until`.

        With `open_hours` also those that are under way: what comes later into them makes another edition.

        Raises:
            Unavailable: a store did not answer; running again goes on.
        """
        before = self._now() if open_hours else closed_before(self._now())
        found = [one for kind in KINDS for one in self._store.unarchived(kind, before)]
        left = [one for one in found if not self._archived(one, until)]
        if not left:
            self._store.forget_archived(self._now())
        oldest = min((one.of.hour for one in left), default=None)
        return Archiving(len(found) - len(left), len(left), lag(oldest, self._now()))

    def _archived(self, found: FoundHour, until: datetime) -> bool:
        """Archive an hour; whether there was time, and the store holds it now."""
        if self._now() >= until:
            return False
        of, edition = found
        before = self._archive.manifest(Manifest(of, edition - 1, ()).key).pages if edition else ()
        self._complete(of, before)
        own = Manifest(of, edition, tuple(self._pages(of)))
        if before:
            # an erasure may have deleted, before it was read, what was completed under the old name
            self._complete(of, before)
            if [archived.page for archived in own.pages] != self._store.pages(of):
                return False
        if self._archive.publish(own) != own:
            return False
        self._store.hold(own)
        return True

    def _complete(self, of: ArchiveHour, before: Iterable[ArchivedPage]) -> None:
        """An edition holds all that the one before does."""
        for archived in before:
            self._store.complete(of, self._archive.parquet(archived))

    def _pages(self, of: ArchiveHour) -> Iterable[ArchivedPage]:
        for page in self._store.pages(of):
            parquet = self._store.parquet(of, page)
            archived = archived_page(of, page, parquet)
            self._archive.put(archived, parquet)
            yield archived
