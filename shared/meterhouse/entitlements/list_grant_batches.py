"""What there is to tell of grants since it was told last: grants of all namespaces in batches, named by their edges."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

from meterhouse.entitlements.announcement import Window
from meterhouse.entitlements.entitlement import floor_minute
from meterhouse.kernel.errors import InvalidInput, Problem
from meterhouse.kernel.instant import format_rfc3339
from meterhouse.platform.task import instant
from meterhouse.platform.work import Begin

BATCH_SIZE = 2_000
MOST_BATCHES = 300
"""Of a run: each stands twice, with what became of it, in the workflow's state, which holds 256 KB."""
LAG = timedelta(minutes=2)
"""No transaction lasts as long: what happened before is there to be read."""
_BEFORE_ALL = ""


@dataclass(frozen=True, slots=True)
class GrantBatch:
    """The grants whose ids lie in (`after_id`, `up_to_id`], of which the window is to be told."""

    namespace: str
    window: Window
    after_id: str
    up_to_id: str

    def document(self) -> dict[str, str]:
        """The `batch` of a workflow task's input."""
        return {
            "namespace": self.namespace,
            "after": format_rfc3339(self.window.after),
            "until": format_rfc3339(self.window.until),
            "afterGrantId": self.after_id,
            "upToGrantId": self.up_to_id,
        }


def grant_batch_of(document: Mapping[str, Any]) -> GrantBatch:
    """What `GrantBatch.document` wrote.

    Raises:
        InvalidInput: it is none.
    """
    try:
        namespace, after_id, up_to_id = (str(document[name]) for name in ("namespace", "afterGrantId", "upToGrantId"))
    except (KeyError, TypeError) as error:
        fault = Problem("/batch", "batch", "namespace, after, until, afterGrantId and upToGrantId are required")
        raise InvalidInput("the task's input lacks a batch", [fault]) from error
    given = dict(document)
    return GrantBatch(namespace, Window(instant(given, "after"), instant(given, "until")), after_id, up_to_id)


class Announcements(Protocol):
    def told_until(self) -> datetime:
        """Until when all was told; where nothing was yet, since when there is anything."""

    def tell_until(self, until: datetime) -> None: ...

    def edges(self, window: Window, size: int) -> Sequence[str]:
        """The last ids of batches of `size` grants of which the window may hold something."""


class ListGrantBatches:
    def __init__(
        self,
        begin: Begin[Announcements],
        namespaces: Callable[[], Sequence[str]],
        now: Callable[[], datetime],
        size: int = BATCH_SIZE,
        most: int = MOST_BATCHES,
    ) -> None:
        self._begin = begin
        self._namespaces = namespaces
        self._now = now
        self._size = size
        self._most = most

    def __call__(self) -> list[GrantBatch]:
        """The batches of all namespaces; of one with nothing to tell it is noted that all is told.

        Where they are too many, those of whole namespaces that were told of longest ago: the next run has the others.
        """
        until = floor_minute(self._now() - LAG)
        of_each = filter(None, (list(self._batches(namespace, until)) for namespace in self._namespaces()))
        chosen: list[GrantBatch] = []
        for batches in sorted(of_each, key=lambda batches: batches[0].window.after):
            if chosen and len(chosen) + len(batches) > self._most:
                break
            chosen += batches
        return chosen

    def _batches(self, namespace: str, until: datetime) -> Iterator[GrantBatch]:
        with self._begin(namespace) as work:
            after = work.store.told_until()
            if until <= after:
                return
            window = Window(after, until)
            edges = work.store.edges(window, self._size)
            if not edges:
                work.store.tell_until(until)
                work.commit()
        edges = _widened(edges, self._most)
        for after_id, up_to_id in zip([_BEFORE_ALL, *edges], edges, strict=False):
            yield GrantBatch(namespace, window, after_id, up_to_id)


def _widened(edges: Sequence[str], most: int) -> Sequence[str]:
    """At most `most` of the edges: each batch is as many of theirs as it takes.

    A shorter window would not do: what is issued time and again is in every one, and each run would fall behind.
    """
    step = -(-len(edges) // most)
    return edges if step <= 1 else [*edges[step - 1 : -1 : step], edges[-1]]
