"""At which instants an invoice run collects what is due: as it comes, or at the edges of a calendar of its own."""

from dataclasses import dataclass
from datetime import datetime

from meterhouse.kernel.cadence import Cadence, index_at, occurrence


@dataclass(frozen=True, slots=True)
class Anchored:
    """Collection every `cadence`, counted from `anchor`; an edge collects what came due up to and at it."""

    cadence: Cadence
    anchor: datetime

    def latest(self, at: datetime) -> datetime:
        """The last edge that is not after `at`."""
        return occurrence(self.anchor, self.cadence, index_at(self.anchor, self.cadence, at))

    def next(self, at: datetime) -> datetime:
        """The first edge that is not before `at`."""
        latest = self.latest(at)
        if latest == at:
            return at
        return occurrence(self.anchor, self.cadence, index_at(self.anchor, self.cadence, at) + 1)
