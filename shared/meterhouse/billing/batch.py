"""One slice of an invoice run: some customers of one namespace, and what became of them."""

import json
from collections.abc import Callable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from meterhouse.billing.ports import BillingStore
from meterhouse.kernel.errors import InvalidInput, Problem, Unavailable
from meterhouse.platform.logging import logger
from meterhouse.platform.pass_by import is_passed_by
from meterhouse.platform.task import instant
from meterhouse.platform.work import Begin

_PAGE = 1000
_CLOCK_SKEW = timedelta(minutes=1)
_LONGEST_REASON = 400
"""Characters of JSON."""


@dataclass(frozen=True, slots=True)
class Batch:
    """The live customers `ids`, in order; `after` is the id that precedes the first.

    `deleted` are customers that are no more, and to whom something goes back that apps are to be told of. They are the
    whole batch's: no part of it has any.
    """

    namespace: str
    after: str
    ids: Sequence[str]
    deleted: Sequence[str] = ()

    @property
    def up_to(self) -> str:
        return self.ids[-1]

    def without(self, apart: AbstractSet[str]) -> "Batch":
        return Batch(self.namespace, self.after, [one for one in self.ids if one not in apart])

    def alone(self, customer_id: str) -> "Batch":
        """One of the batch's customers."""
        before = self.ids[: self.ids.index(customer_id)]
        return Batch(self.namespace, before[-1] if before else self.after, [customer_id])

    def halves(self) -> tuple["Batch", "Batch"]:
        middle = len(self.ids) // 2
        first, second = self.ids[:middle], self.ids[middle:]
        return Batch(self.namespace, self.after, first), Batch(self.namespace, first[-1], second)


@dataclass(frozen=True, slots=True)
class Outcome:
    """How many customers came through, and who did not, with the reason."""

    succeeded: int = 0
    failed: dict[str, str] = field(default_factory=dict)

    def __add__(self, other: "Outcome") -> "Outcome":
        return Outcome(self.succeeded + other.succeeded, self.failed | other.failed)

    def beside(self, other: "Outcome") -> "Outcome":
        """After another step for the same customers, or some of them: who failed in either has failed."""
        failed = other.failed | self.failed
        return Outcome(self.succeeded + len(self.failed) - len(failed), failed)

    def document(self) -> dict[str, Any]:
        """The answer of a workflow task."""
        failed = [{"customerId": customer, "reason": _cut(reason)} for customer, reason in self.failed.items()]
        return {"succeeded": self.succeeded, "failed": failed}


def _cut(reason: str) -> str:
    """The beginning of a long one: an answer holds those of all customers of the largest batch, and 256 KB at most."""
    cut = reason
    while len(json.dumps(cut)) > _LONGEST_REASON:
        cut = cut[: len(cut) * 3 // 4]
    return cut


def as_of_of(event: dict[str, Any], now: datetime) -> datetime:
    """The instant {"asOf"} that a run decides for.

    Raises:
        InvalidInput: it is missing, no instant, or yet to come: usage of the future would be billed as none.
    """
    as_of = instant(event, "asOf")
    if as_of > now + _CLOCK_SKEW:
        raise InvalidInput("asOf lies in the future", [Problem("/asOf", "future", "what is to come cannot be billed")])
    return as_of


def batch_of(event: dict[str, Any], begin: Begin[BillingStore]) -> Batch:
    """The batch a task's input {"batch": {"namespace", "afterCustomerId", "upToCustomerId"}} names.

    Of a namespace whose billing is locked it holds nobody: what is due there is billed by the first run after that.

    Raises:
        InvalidInput: it names none.
    """
    try:
        wanted = event["batch"]
        namespace, after, up_to = (
            str(wanted[name] or "") for name in ("namespace", "afterCustomerId", "upToCustomerId")
        )
    except (KeyError, TypeError) as error:
        fault = Problem("/batch", "batch", "namespace, afterCustomerId and upToCustomerId are required")
        raise InvalidInput("the task's input lacks a batch", [fault]) from error
    if is_passed_by(namespace):
        return Batch(namespace, after, ())
    with begin(namespace) as work:
        live = _ids(work.store.customers.ids_after, after, up_to)
        return Batch(namespace, after, live, _ids(work.store.credit_notes.deleted_to_tell, after, up_to))


def _ids(ids_after: Callable[[str, int], list[str]], after: str, up_to: str) -> list[str]:
    found: list[str] = []
    while after < up_to:
        page = ids_after(after, _PAGE)
        found += [customer for customer in page if customer <= up_to]
        after = page[-1] if page else up_to
    return found


def each_fault_its_own(batch: Batch, run: Callable[[Batch], Outcome]) -> Outcome:
    """Run the batch in one transaction; where that fails, in halves, until the fault is its customer's alone.

    Raises:
        Unavailable: nobody is at fault; the whole batch may be run again.
    """
    if not batch.ids:
        return Outcome()
    try:
        return run(batch)
    except Unavailable:
        raise
    except Exception as error:  # noqa: BLE001 - one customer's fault, whatever it is, must not stop the others
        if len(batch.ids) > 1:
            first, second = batch.halves()
            return each_fault_its_own(first, run) + each_fault_its_own(second, run)
        logger.exception("customer failed", extra={"customer": batch.ids[0]})
        return Outcome(failed={batch.ids[0]: f"{type(error).__name__}: {error}"})
