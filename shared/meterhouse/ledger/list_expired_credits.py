"""Whose credit has expired, and nobody booked it: customers of all namespaces in batches, named by their edges."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain, islice, zip_longest
from typing import Any

from meterhouse.kernel.errors import InvalidInput, Problem
from meterhouse.kernel.ids import derived_ulid
from meterhouse.kernel.instant import format_rfc3339
from meterhouse.ledger.ports import LedgerStore
from meterhouse.platform.pass_by import is_passed_by
from meterhouse.platform.task import instant
from meterhouse.platform.work import Begin

BATCH_SIZE = 200
MOST_BATCHES = 300
"""Of a run: each stands twice, with what became of it, in the workflow's state, which holds 256 KB."""
_BEFORE_ALL = ""


@dataclass(frozen=True, slots=True)
class ExpiryBatch:
    """The customers in (`after_id`, `up_to_id`], of whose credit what expired by `until` is to be booked."""

    namespace: str
    until: datetime
    after_id: str
    up_to_id: str

    def document(self) -> dict[str, str]:
        """The `batch` of a workflow task's input."""
        return {
            "namespace": self.namespace,
            "until": format_rfc3339(self.until),
            "afterCustomerId": self.after_id,
            "upToCustomerId": self.up_to_id,
        }


def expiry_batch_of(document: Mapping[str, Any]) -> ExpiryBatch:
    """What `ExpiryBatch.document` wrote.

    Raises:
        InvalidInput: it is none.
    """
    try:
        namespace, after_id, up_to_id = (
            str(document[name]) for name in ("namespace", "afterCustomerId", "upToCustomerId")
        )
    except (KeyError, TypeError) as error:
        fault = Problem("/batch", "batch", "namespace, until, afterCustomerId and upToCustomerId are required")
        raise InvalidInput("the task's input lacks a batch", [fault]) from error
    return ExpiryBatch(namespace, instant(dict(document), "until"), after_id, up_to_id)


class ListExpiredCredits:
    def __init__(
        self,
        begin: Begin[LedgerStore],
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

    def __call__(self) -> list[ExpiryBatch]:
        """The batches of all namespaces whose billing is not locked; in those it is booked later, as of when it was.

        Where they are too many, of each namespace one in turn: nobody waits for all of another's. The next run finds
        those that are left, and begins with other namespaces.
        """
        until = self._now()
        open_ = [namespace for namespace in self._namespaces() if not is_passed_by(namespace)]
        open_.sort(key=lambda namespace: _turn(until, namespace))
        in_turn = chain.from_iterable(zip_longest(*(self._batches(namespace, until) for namespace in open_)))
        chosen = islice((batch for batch in in_turn if batch is not None), self._most)
        return sorted(chosen, key=lambda batch: (batch.namespace, batch.after_id))

    def _batches(self, namespace: str, until: datetime) -> list[ExpiryBatch]:
        with self._begin(namespace) as work:
            edges = work.store.grants.edges(until, self._size)
        batches = [ExpiryBatch(namespace, until, *own) for own in zip([_BEFORE_ALL, *edges], edges, strict=False)]
        return sorted(batches, key=lambda batch: _turn(until, namespace, batch.up_to_id))


def _turn(until: datetime, *of: str) -> str:
    """Sorts whatever is listed, anew for each instant."""
    return derived_ulid(until, "credit_expiry", *of, until.isoformat())
