"""How an invoice run is divided: the customers of all namespaces in batches, named by their edges alone."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import dropwhile, islice
from typing import Any

from meterhouse.billing.ports import BillingStore
from meterhouse.billing.run_sizes import LARGEST, Sizes
from meterhouse.kernel.errors import InvalidInput, Problem
from meterhouse.platform.work import Begin

_BEFORE_ALL = ""


@dataclass(frozen=True, slots=True)
class Edges:
    """The customers in (`after`, `up_to`] of a namespace."""

    namespace: str
    after: str
    up_to: str

    def document(self) -> dict[str, str]:
        """The `batch` of a workflow task's input."""
        return {"namespace": self.namespace, "afterCustomerId": self.after, "upToCustomerId": self.up_to}


@dataclass(frozen=True, slots=True)
class Place:
    """How far a walk over all customers came: up to this one of this namespace."""

    namespace: str
    customer_id: str

    def document(self) -> dict[str, str]:
        """The `after` of a workflow task's input."""
        return {"namespace": self.namespace, "customerId": self.customer_id}


def place_of(document: Mapping[str, Any] | None) -> Place | None:
    """What `Place.document` wrote; None: from the first.

    Raises:
        InvalidInput: it is none.
    """
    if document is None:
        return None
    try:
        return Place(str(document["namespace"]), str(document["customerId"]))
    except (KeyError, TypeError) as error:
        fault = Problem("/after", "place", "namespace and customerId are required")
        raise InvalidInput("the task's input names no place", [fault]) from error


@dataclass(frozen=True, slots=True)
class Page:
    """Some batches, and where the next page begins; None: there is none."""

    batches: Sequence[Edges]
    after: Place | None

    def document(self) -> dict[str, Any]:
        """The answer of a workflow task."""
        return {"batches": [one.document() for one in self.batches], "after": self.after and self.after.document()}


class ListCustomerBatches:
    def __init__(
        self,
        begin: Begin[BillingStore],
        namespaces: Callable[[], Sequence[str]],
    ) -> None:
        self._begin = begin
        self._namespaces = namespaces

    def __call__(self, after: Place | None = None, sizes: Sizes = LARGEST) -> Page:
        """A page of batches, by namespace and customer id; all pages together hold every live customer once.

        They hold deleted ones of whom apps are to be told, too: behind the last live customer in batches of their own.
        """
        found = list(islice(self._batches_after(after, sizes.customers), sizes.batches))
        last = found[-1] if len(found) == sizes.batches else None
        return Page(found, None if last is None else Place(last.namespace, last.up_to))

    def _batches_after(self, place: Place | None, size: int) -> Iterator[Edges]:
        namespaces = self._namespaces()
        # the store's order of names may not be Python's
        for namespace in dropwhile(lambda one: place is not None and one != place.namespace, namespaces):
            is_begun = place is not None and namespace == place.namespace
            yield from self._batches(namespace, place.customer_id if place and is_begun else _BEFORE_ALL, size)

    def _batches(self, namespace: str, after: str, size: int) -> Iterator[Edges]:
        while True:
            with self._begin(namespace) as work:
                store = work.store
                ids = store.customers.ids_after(after, size) or store.credit_notes.deleted_to_tell(after, size)
            if not ids:
                return
            yield Edges(namespace, after, ids[-1])
            after = ids[-1]
