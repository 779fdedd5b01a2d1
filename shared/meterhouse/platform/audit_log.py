"""The audit log: who changed which row by which request. The database writes it (migration 0011); this reads it."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from meterhouse.kernel.errors import InvalidInput, Problem
from meterhouse.kernel.instant import format_rfc3339, parse_rfc3339
from meterhouse.platform.cursor import cursor_of, item_of
from meterhouse.platform.postgres_read import Reads
from meterhouse.platform.sql import queries

_SQL = queries("meterhouse.platform", "audit.sql")


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """`before_digest` and `after_digest` are SHA-256 of the row as JSON; None: there was, or is, no such row."""

    id: str
    recorded_at: datetime
    actor: str
    route: str
    request_id: str
    object_kind: str
    object_id: str
    action: str
    before_digest: str | None
    after_digest: str | None


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """None: not by this. Of `[since, until)`."""

    actor: str | None = None
    object_kind: str | None = None
    object_id: str | None = None
    request_id: str | None = None
    since: datetime | None = None
    until: datetime | None = None


class AuditLog:
    def __init__(self, reads: Reads) -> None:
        self._reads = reads

    def page(self, wanted: AuditFilter, cursor: str | None, limit: int) -> tuple[Sequence[AuditEntry], str | None]:
        """The newest first, and the cursor of what follows; None: nothing does.

        Raises:
            InvalidInput: a cursor that is none of ours.
        """
        place = _place_of(cursor) if cursor else {"place_at": None, "place_id": None}
        rows = self._reads.fetch_all(_SQL["page"], {**asdict(wanted), **place, "limit": limit + 1})
        found = [AuditEntry(**row) for row in rows[:limit]]
        return found, _cursor_after(found[-1]) if len(rows) > limit else None


def _cursor_after(entry: AuditEntry) -> str:
    return cursor_of(f"{format_rfc3339(entry.recorded_at)} {entry.id}")


def _place_of(cursor: str) -> Mapping[str, Any]:
    at, _, entry_id = item_of(cursor).partition(" ")
    try:
        return {"place_at": parse_rfc3339(at), "place_id": str(UUID(entry_id))}
    except ValueError as error:
        fault = Problem("query:cursor", "cursor", "no cursor of ours")
        raise InvalidInput("the page cannot be found", [fault]) from error
