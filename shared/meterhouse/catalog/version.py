"""Versions: what is sold under a key changes by new versions of it, published and archived at instants."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Generic, TypeVar

S = TypeVar("S")


class Status(StrEnum):
    DRAFT = "draft"
    ACTIVE = "active"
    ARCHIVED = "archived"
    SCHEDULED = "scheduled"


# without slots: with them Python 3.11 cannot make one through `Plan`, an alias with a type argument
@dataclass(frozen=True)
class Version(Generic[S]):
    """One version; `effective_from` and `effective_to` bound when it is on sale, `[from, to)`.

    Attributes:
        spec: what its author wrote.
    """

    id: str
    key: str
    version: int
    spec: S
    created_at: datetime
    updated_at: datetime
    effective_from: datetime | None = None
    effective_to: datetime | None = None
    deleted_at: datetime | None = None

    def status(self, at: datetime) -> Status:
        """What it is at an instant; no job has to run for it to change."""
        if self.effective_from is None:
            return Status.DRAFT
        if self.effective_to is not None and self.effective_to <= at:
            return Status.ARCHIVED
        return Status.ACTIVE if self.effective_from <= at else Status.SCHEDULED

    def is_sold(self, at: datetime) -> bool:
        """Whether it is on sale at `at`, with no end in sight."""
        is_lasting = self.effective_to is None and self.deleted_at is None
        return is_lasting and self.status(at) is Status.ACTIVE
