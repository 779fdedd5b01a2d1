"""Erase a subject's name in the archive: files that hold it are written anew, and the old ones destroyed.

An hour gets another edition, of the same rows in the same pages. A file is named by what is in it, and a manifest is
written once; who dies anywhere leaves what the next run meets.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple, Protocol

from meterhouse.kernel.errors import Unavailable
from meterhouse.metering.archive import ArchivedPage, Manifest, archived_page, folder_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from datetime import datetime

    from meterhouse.metering.erased_name import ErasedName
    from meterhouse.metering.matching import Matching

_SETTLED_AFTER = timedelta(hours=1)
"""Whoever wrote a file before that has named it, or never will."""


BLOCK = 1_000
"""Offsets that are looked for together."""


class Seen(NamedTuple):
    """Files that bore the name, and up to which manifest the archive was seen; "": all of it."""

    files: int
    until: str


class Archive(Protocol):
    """Each raises `Unavailable`, and `InvariantBroken` where a file is not what was archived."""

    def manifests(self, folder: str = "") -> Iterator[str]: ...

    def manifest(self, key: str) -> Manifest: ...

    def parquet(self, archived: ArchivedPage) -> bytes: ...

    def put(self, archived: ArchivedPage, parquet: bytes) -> None: ...

    def publish(self, manifest: Manifest) -> Manifest: ...

    def forget_before(self, manifest: Manifest, settled: datetime) -> int:
        """Destroy what of the hour this manifest does not name; how many files that were."""


class ArchivedRows(Protocol):
    """Each raises `Unavailable`."""

    def places(self, name: ErasedName) -> Mapping[int, Sequence[int]]:
        """By partition the blocks of `BLOCK` offsets that hold records of either name, in order."""

    def renamed(self, parquet: bytes, rows: int, name: ErasedName, matching: Matching) -> bytes | None:
        """A page, of so many rows, under the pseudonym; None where the name is not in it."""


@dataclass(frozen=True, slots=True)
class EraseArchive:
    """`hold` notes that the usage store has what a manifest names."""

    archive: Archive
    rows: ArchivedRows
    hold: Callable[[Manifest], None]
    now: Callable[[], datetime]

    def __call__(self, name: ErasedName, matching: Matching, after: str, until: datetime) -> Seen:
        """Erase in hour after hour that follows `after`, at least one, until none is left or it is `until`.

        Raises:
            Unavailable: a store did not answer, or an hour was archived at this moment; running again goes on.
        """
        places, files = self.rows.places(name), 0
        for key in sorted(self.archive.manifests(folder_of("events", name.namespace))):
            if key > after:
                files += self._hour(self.archive.manifest(key), name, matching, places)
                if self.now() >= until:
                    return Seen(files, key)
        return Seen(files, "")

    def _hour(
        self, manifest: Manifest, name: ErasedName, matching: Matching, places: Mapping[int, Sequence[int]]
    ) -> int:
        if not any(_may_hold(archived, places) for archived in manifest.pages):
            return 0
        pages = tuple(
            self._page(manifest, archived, name, matching) if _may_hold(archived, places) else archived
            for archived in manifest.pages
        )
        latest = manifest
        if pages != manifest.pages:
            latest = Manifest(manifest.of, manifest.edition + 1, pages)
            # noted first: the store holds the same rows, and nobody takes it for one that lost them
            self.hold(latest)
            if self.archive.publish(latest) != latest:
                raise Unavailable("the hour was archived again at this moment")
        return self.archive.forget_before(latest, self.now() - _SETTLED_AFTER)

    def _page(self, manifest: Manifest, archived: ArchivedPage, name: ErasedName, matching: Matching) -> ArchivedPage:
        parquet = self.rows.renamed(self.archive.parquet(archived), archived.page.rows, name, matching)
        if parquet is None:
            return archived
        renamed = archived_page(manifest.of, archived.page, parquet)
        self.archive.put(renamed, parquet)
        return renamed


def _may_hold(archived: ArchivedPage, places: Mapping[int, Sequence[int]]) -> bool:
    blocks = places.get(archived.page.partition, ())
    first = bisect_left(blocks, archived.page.first // BLOCK)
    return first < len(blocks) and blocks[first] <= archived.page.last // BLOCK
