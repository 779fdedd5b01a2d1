"""How an invoice run is divided: the customers of all namespaces in batches, named by their edges alone."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from meterhouse.billing.ports import BillingStore
from meterhouse.platform.work import Begin

BATCH_SIZE = 500
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


class ListCustomerBatches:
    def __init__(
        self, begin: Begin[BillingStore], namespaces: Callable[[], Sequence[str]], size: int = BATCH_SIZE
    ) -> None:
        self._begin = begin
        self._namespaces = namespaces
        self._size = size

    def __call__(self) -> list[Edges]:
        """The batches, by namespace and customer id; together they hold every live customer once."""
        return [edges for namespace in self._namespaces() for edges in self._batches(namespace)]

    def _batches(self, namespace: str) -> Iterator[Edges]:
        after = _BEFORE_ALL
        while True:
            with self._begin(namespace) as work:
                ids = work.store.customers.ids_after(after, self._size)
            if not ids:
                return
            yield Edges(namespace, after, ids[-1])
            after = ids[-1]
