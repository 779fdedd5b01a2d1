"""The use case of the scheduled audit of rollups: is what was rolled up what the values say?

That is invariant 3. Random spans are read both ways. What is on its way must not look like a fault, so the order of the
reads is what makes it true of a running system: the sink's committed offsets, then whether the span is at rest, then
both readings. Values below the offsets were marked before them, so where no mark is open the rollup knows them; where a
value stands at or above them, or a backfill is under way, its mark may be still to come, and the span is left to
another audit.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from meterhouse.metering.account_for_events import Backfills, SinkOffsets
from meterhouse.metering.sink import Meters

SPANS = 8
"""Of one audit: some two thousand a day."""


@dataclass(frozen=True, slots=True)
class RollupSpan:
    """An hour or a day of a meter, `seconds` long from `start` (Unix seconds)."""

    namespace: str
    meter_id: str
    seconds: int
    start: int


@dataclass(frozen=True, slots=True)
class RollupAudit:
    """How many spans were compared, and in how many the rollup is wrong."""

    compared: int
    astray: int


class RolledUp(Protocol):
    def sample(self, count: int) -> Sequence[RollupSpan]:
        """Spans of values and of rollups picked at random, those of many values the likelier; about `count`."""

    def is_at_rest(self, span: RollupSpan, stored: Mapping[int, int]) -> bool:
        """Whether no mark of the span is open, and no value of it stands in the log at or above these offsets."""

    def differences(self, span: RollupSpan) -> int:
        """Rows of the rollup that are not what they are made of, or are missing: hours of values, days of hours."""


class AuditRollups:
    def __init__(
        self,
        sink: SinkOffsets,
        meters: Meters,
        backfills: Backfills,
        rolled_up: RolledUp,
        report: Callable[[RollupSpan, int], None],
    ) -> None:
        self._sink = sink
        self._meters = meters
        self._backfills = backfills
        self._rolled_up = rolled_up
        self._report = report

    def __call__(self) -> RollupAudit:
        """Compare some spans; each whose rollup is wrong is reported.

        Raises:
            Unavailable: a store did not answer.
        """
        stored = self._sink.stored()
        looks = [self._look(span, stored) for span in self._rolled_up.sample(SPANS)]
        return RollupAudit(sum(found is not None for found in looks), sum(bool(found) for found in looks))

    def _look(self, span: RollupSpan, stored: Mapping[int, int]) -> int | None:
        """How many rows differ; None where the span is not at rest."""
        found = self._differences(span, stored)
        if found:
            # a roll up or a sweep may have been between two writings of its own: its mark stands by now, or is covered
            found = self._differences(span, stored)
        if found:
            self._report(span, found)
        return found

    def _differences(self, span: RollupSpan, stored: Mapping[int, int]) -> int | None:
        if not (self._is_backfilled(span) and self._rolled_up.is_at_rest(span, stored)):
            return None
        return self._rolled_up.differences(span)

    def _is_backfilled(self, span: RollupSpan) -> bool:
        found = (meter for meter in self._meters.of(span.namespace) if meter.id == span.meter_id)
        return any(self._backfills.is_backfilled(span.namespace, meter) for meter in found)
