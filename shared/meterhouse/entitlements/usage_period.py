"""The usage periods of a metered entitlement: each begins with a reset, by the calendar or by hand."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import zip_longest

from meterhouse.kernel.cadence import Cadence, index_at, occurrence
from meterhouse.kernel.period import Period


@dataclass(frozen=True, slots=True)
class Reset:
    """Usage counts from zero again at `at`, a whole minute.

    Attributes:
        preserves_overage: whether what was overage is taken from the grants that roll over.
    """

    at: datetime
    preserves_overage: bool


@dataclass(frozen=True, slots=True)
class ManualReset:
    """A reset that somebody asked for; from then on periods follow `anchor`."""

    at: datetime
    anchor: datetime
    preserves_overage: bool


@dataclass(frozen=True, slots=True)
class UsagePeriods:
    """All usage periods of an entitlement.

    Attributes:
        cadence: how long a period lasts.
        anchor: where periods begin, until a manual reset says otherwise.
        measured_from: where the first period begins, on the anchor or cut; nothing before it counts.
        preserves_overage: what the calendar's own resets do.
        manual: in order of time, each later than `measured_from`.
    """

    cadence: Cadence
    anchor: datetime
    measured_from: datetime
    preserves_overage: bool = False
    manual: Sequence[ManualReset] = ()

    def at(self, at: datetime) -> Period:
        """The period that contains `at`; before the first one, the first."""
        at = max(at, self.measured_from)
        start, anchor, end = next(
            (start, anchor, end) for start, anchor, end in reversed(self._stretches()) if start <= at
        )
        n = index_at(anchor, self.cadence, at)
        following = occurrence(anchor, self.cadence, n + 1)
        return Period(
            max(start, occurrence(anchor, self.cadence, n)), following if end is None else min(end, following)
        )

    def anchor_at(self, at: datetime) -> datetime:
        """The anchor that periods follow at `at`."""
        return next((anchor for start, anchor, _ in reversed(self._stretches()) if start <= at), self.anchor)

    def resets(self, after: datetime, until: datetime) -> Iterator[Reset]:
        """The resets in `(after, until]`, in order."""
        after = max(after, self.measured_from)
        manual = {reset.at: reset for reset in self.manual}
        for start, anchor, end in self._stretches():
            if start > after and start <= until:
                yield Reset(start, manual[start].preserves_overage)
            last = until if end is None else min(until, end)
            n = index_at(anchor, self.cadence, max(after, start)) + 1
            while (at := occurrence(anchor, self.cadence, n)) <= last and at != end:
                yield Reset(at, self.preserves_overage)
                n += 1

    def _stretches(self) -> list[tuple[datetime, datetime, datetime | None]]:
        """Where an anchor rules: from, anchor, to."""
        begun = [(self.measured_from, self.anchor), *((reset.at, reset.anchor) for reset in self.manual)]
        ends = [start for start, _ in begun[1:]]
        return [(start, anchor, end) for (start, anchor), end in zip_longest(begun, ends)]
