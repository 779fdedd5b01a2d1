"""How far a query of a client has come, told by the store that runs it: nothing is kept beside it."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from meterhouse.kernel.errors import NotFound
from meterhouse.platform.query_comment import commented


@dataclass(frozen=True, slots=True)
class Progress:
    """Rows read of the rows to read, at an instant; the store raises `total` when it finds more to read."""

    success: int
    total: int
    updated_at: datetime
    failed: int = 0


class RunningQueries(Protocol):
    def rows(self, comment: str) -> tuple[int, int] | None:
        """Rows read and rows to read of the running queries that carry the comment; None: none runs."""


def followed(namespace: str, client_id: str | None) -> AbstractContextManager[None]:
    """Queries inside are found by `FollowProgress` under the client id, which is the caller's own choice."""
    return commented(None if client_id is None else _comment(namespace, client_id))


class FollowProgress:
    def __init__(self, running: RunningQueries, now: Callable[[], datetime]) -> None:
        self._running = running
        self._now = now

    def __call__(self, namespace: str, client_id: str) -> Progress:
        """The progress of the namespace's running queries of this client.

        Raises:
            NotFound: none runs: it has ended, or has not begun.
        """
        rows = self._running.rows(_comment(namespace, client_id))
        if rows is None:
            raise NotFound("running query", client_id)
        return Progress(*rows, updated_at=self._now())


def _comment(namespace: str, client_id: str) -> str:
    """No two pairs share it: a namespace holds no colon."""
    return f"{namespace}:{client_id}"
