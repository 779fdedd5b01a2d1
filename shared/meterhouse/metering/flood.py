"""A flood of dead letters: when poison is no longer a record's fault but ours, and the sink must stop."""

from collections import OrderedDict
from collections.abc import Iterable
from typing import NamedTuple

LEAST_POISON = 20
"""Fewer are buried whatever they are: they ring, and can be replayed."""
REMEMBERED = 500


class Seen(NamedTuple):
    """A record that our own ingest wrote, which refuses what the sink cannot read; `namespace` is its key."""

    partition: int
    offset: int
    namespace: bytes
    is_poison: bool


class FloodGauge:
    """Looks at the last records of this process, each place in the log once, so that a redelivery counts no more.

    One tenant's poison never stops the others: it takes several namespaces, and half of all that are seen.
    """

    def __init__(self) -> None:
        self._seen: OrderedDict[tuple[int, int], Seen] = OrderedDict()

    def rises(self, records: Iterable[Seen]) -> bool:
        """Whether these records, with those before them, are a flood; they are remembered."""
        taken = list(records)
        for seen in taken:
            self._seen[seen.partition, seen.offset] = seen
            self._seen.move_to_end((seen.partition, seen.offset))
        while len(self._seen) > max(REMEMBERED, len(taken)):
            self._seen.popitem(last=False)
        return self._is_flood()

    def _is_flood(self) -> bool:
        poison = [seen for seen in self._seen.values() if seen.is_poison]
        hit, known = ({seen.namespace for seen in some} for some in (poison, self._seen.values()))
        return len(poison) >= LEAST_POISON and len(hit) > 1 and 2 * len(hit) >= len(known)
