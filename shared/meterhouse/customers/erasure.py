"""The erasure of a subject: its name gives way to a pseudonym everywhere, and what it used stays."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from operator import attrgetter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

SETTLES = timedelta(minutes=20)
"""Who began to write before it was asked for has ended by then: the longest run of a Lambda, and some more."""
REMEMBERED = timedelta(days=270)
"""As a record may be in the log, then among the dead letters, then, replayed, in the log again: 90 days each."""


class ErasureStatus(StrEnum):
    WAITING = "waiting"
    ERASING = "erasing"
    COMPLETE = "complete"


@dataclass(frozen=True, slots=True)
class Erased:
    """What a pass came to: rows and files that still bore the name."""

    events: int = 0
    meter_values: int = 0
    files: int = 0
    records: int = 0

    def __add__(self, other: Erased) -> Erased:
        return Erased(
            self.events + other.events,
            self.meter_values + other.meter_values,
            self.files + other.files,
            self.records + other.records,
        )


NOTHING = Erased()


@dataclass(frozen=True, slots=True)
class Erasure:
    """Of everything that was accepted before `asked_at`; what comes later under the name is another subject's.

    Attributes:
        id: random; the pseudonym is made of it, so nothing leads from the one name to the other.
        subject: the name, for as long as it is needed; None once nothing bears it.
        digest: of the name under the id, by which what the log brings again is known; None when that is over.
        salted: of the name under `salt`, which the namespace's erasures share; None where the release before asked.
        due_at: when the next pass may begin.
        archived_until: up to which manifest the pass under way has seen the archive.
        erased: by all passes.
    """

    id: str
    status: ErasureStatus
    asked_at: datetime
    due_at: datetime
    subject: str | None
    digest: str | None
    completed_at: datetime | None = None
    archived_until: str = ""
    erased: Erased = NOTHING
    salt: str = ""
    salted: str | None = None

    @property
    def pseudonym(self) -> str:
        return f"erased-{self.id.lower()}"

    @property
    def remembered_until(self) -> datetime:
        return self.asked_at + REMEMBERED

    def passed(self, found: Erased, at: datetime) -> Erasure:
        """After a whole pass: complete when nothing was left for it to do, and it was not the first."""
        erased, is_first = self.erased + found, self.status is ErasureStatus.WAITING
        if is_first or found != NOTHING:
            return replace(self, status=ErasureStatus.ERASING, due_at=at + SETTLES, archived_until="", erased=erased)
        return replace(self, status=ErasureStatus.COMPLETE, subject=None, completed_at=at, archived_until="")

    def cut(self, archived_until: str, found: Erased) -> Erasure:
        """After a part of a pass: the next run goes on, and the pass has found something."""
        return replace(self, status=ErasureStatus.WAITING, archived_until=archived_until, erased=self.erased + found)


def asked(erasure_id: str, subject: str, at: datetime, salt: str = "") -> Erasure:
    """`salt`: that of the namespace's other erasures; "": there are none, and this one's id is theirs from now on."""
    digest, salt = digest_of(erasure_id, subject), salt or erasure_id
    salted = digest_of(salt, subject)
    return Erasure(erasure_id, ErasureStatus.WAITING, at, at + SETTLES, subject, digest, salt=salt, salted=salted)


def digest_of(salt: str, subject: str) -> str:
    return hashlib.sha256(f"{salt}\0{subject}".encode()).hexdigest()


class ErasedNames:
    """Remembered erasures, to be found by their names: a name is hashed once for all that share a salt."""

    def __init__(self, erasures: Iterable[Erasure]) -> None:
        self._by_salt: dict[str, dict[str, list[Erasure]]] = {}
        for one in erasures:
            salt, digest = (one.id, one.digest) if one.salted is None else (one.salt, one.salted)
            if digest is not None:
                self._by_salt.setdefault(salt, {}).setdefault(digest, []).append(one)

    def __bool__(self) -> bool:
        return bool(self._by_salt)

    def of(self, subject: str) -> list[Erasure]:
        """Those of this name, in the order in which they were asked for."""
        found = (alike.get(digest_of(salt, subject), ()) for salt, alike in self._by_salt.items())
        return sorted((one for some in found for one in some), key=attrgetter("asked_at", "id"))
