"""Erase subjects that somebody asked to erase: pass after pass until one finds nothing.

A pass writes everything under the pseudonym, has the archive and the records of all rooms follow, and deletes what
bears the name. Whoever asks for a customer's usage, or for everybody's, sees it once (ADR 0062 has the exceptions).
Every step may be repeated, so a run may die anywhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from meterhouse.customers.erasure import REMEMBERED, Erased
from meterhouse.kernel.errors import InvariantBroken, Unavailable
from meterhouse.metering.erased_name import ErasedName
from meterhouse.metering.matching import match

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime

    from meterhouse.customers.erasure import Erasure
    from meterhouse.metering.batch import EventBatch
    from meterhouse.metering.erase_archive import EraseArchive
    from meterhouse.metering.late_usage import LateUsage
    from meterhouse.metering.matching import Matching
    from meterhouse.metering.sink import EventWriter, Meters, Notices
    from meterhouse.platform.work import Begin


class DueErasures(Protocol):
    def due(self, at: datetime) -> Sequence[Erasure]:
        """Those that a pass may begin for, the one that waits longest first."""

    def save(self, erasure: Erasure) -> None: ...

    def forget(self, before: datetime) -> None:
        """Complete ones asked for before this are not known again by their names."""


class NamedUsage(Protocol):
    """Each raises `Unavailable`."""

    def left(self, name: ErasedName) -> tuple[int, int]:
        """How many events, and values of meters, still bear the name."""

    def copy(self, name: ErasedName, matching: Matching, wrote: Callable[[EventBatch], None]) -> None:
        """Write everything under the pseudonym, too; `wrote` is called with the events of each page."""

    def hold(self, name: ErasedName, mark: str) -> None:
        """Keep the name's hours from being rolled up until `delete`."""

    def used(self, name: ErasedName) -> Sequence[LateUsage]: ...

    def delete(self, name: ErasedName, mark: str) -> None:
        """Delete what bears the name, and have its hours rolled up anew."""


class NamedRecords(Protocol):
    def rename(self, namespace: str, subject: str, pseudonym: str) -> int:
        """How many rows bore the name; raises `Unavailable`."""


@dataclass(frozen=True, slots=True)
class ErasurePorts:
    """`is_whole`: whether the usage store has all that was archived; what it lost would come back under the name."""

    begin: Begin[DueErasures]
    usage: NamedUsage
    archive: EraseArchive
    records: NamedRecords
    meters: Meters
    write: EventWriter
    notices: Notices
    is_whole: Callable[[], bool]


class EraseSubjects:
    def __init__(
        self,
        ports: ErasurePorts,
        namespaces: Callable[[], Sequence[str]],
        *,
        now: Callable[[], datetime],
        new_id: Callable[[], str],
    ) -> None:
        self._ports = ports
        self._namespaces = namespaces
        self._now = now
        self._new_id = new_id

    def __call__(self, until: datetime) -> int:
        """A pass for each erasure that is due, until it is `until`; how many passes were made.

        Raises:
            InvariantBroken: something stored is not what it was; told once all others had their passes.
            Unavailable: a store did not answer; running again goes on.
        """
        passes, broken = 0, None
        for namespace, erasure in self._due():
            if self._now() >= until:
                break
            try:
                self._pass(namespace, erasure, until)
            except InvariantBroken as error:
                broken = broken or error
            else:
                passes += 1
        if broken:
            raise broken
        return passes

    def _due(self) -> Iterator[tuple[str, Erasure]]:
        for namespace in self._namespaces():
            at = self._now()
            with self._ports.begin(namespace) as work:
                work.store.forget(at - REMEMBERED)
                due = work.store.due(at)
                work.commit()
            for erasure in due:
                yield namespace, erasure

    def _pass(self, namespace: str, erasure: Erasure, until: datetime) -> None:
        if not self._ports.is_whole():
            raise Unavailable("the usage store is being rebuilt; what it lost would come back under the name")
        name = ErasedName.of(namespace, erasure.subject or "", erasure)
        usage, mark = self._ports.usage, self._new_id()
        matching = match(self._ports.meters.of, [namespace])
        events, values = usage.left(name)
        if events or values:
            usage.hold(name, mark)
            usage.copy(name, matching, lambda batch: self._ports.write.again(batch, self._now()))
        seen = self._ports.archive(name, matching, erasure.archived_until, until)
        records = self._ports.records.rename(namespace, name.subject, name.pseudonym)
        if events or values:
            self._tell(name, mark)
        usage.delete(name, self._new_id())
        found = Erased(events, values, seen.files, records)
        done = erasure.cut(seen.until, found) if seen.until else erasure.passed(found, self._now())
        self._save(namespace, done)

    def _tell(self, name: ErasedName, mark: str) -> None:
        """Void what was made of usage meanwhile."""
        used = self._ports.usage.used(name)
        usage = [(one.namespace, one.subject, one.meter_id) for one in used]
        self._ports.notices.usage_ingested(usage, used, mark, self._now())

    def _save(self, namespace: str, erasure: Erasure) -> None:
        with self._ports.begin(namespace) as work:
            work.store.save(erasure)
            work.commit()
