"""Roll up: hours whose values changed are computed anew from the values, never added to."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby, islice
from typing import Protocol

MOST_HOURS = 5_000
"""Of one run: it ends within its timeout, the next goes on."""
_HOURS_AT_ONCE = 200


@dataclass(frozen=True, slots=True)
class DirtyHour:
    """An hour of a meter with the marks that say it changed."""

    namespace: str
    meter_id: str
    hour: datetime
    marks: tuple[str, ...]


class Rollups(Protocol):
    def dirty_hours(self, limit: int) -> list[DirtyHour]:
        """Hours with marks that are not covered, those marked longest ago, in order of namespace, meter and hour."""

    def recompute(self, hours: Sequence[DirtyHour]) -> None:
        """Replace the rollups of these hours, all of one meter, and of their days by what the values say now."""

    def cover(self, hours: Sequence[DirtyHour]) -> None:
        """Let these marks count no more; other marks of the same hours stay."""


class RollUpUsage:
    """Marks are read before the values and covered after the rollup is written: a change in between stays marked."""

    def __init__(self, rollups: Rollups) -> None:
        self._rollups = rollups

    def __call__(self) -> int:
        """How many hours were recomputed; at most `MOST_HOURS`."""
        dirty = self._rollups.dirty_hours(MOST_HOURS)
        for _, of_meter in groupby(dirty, key=lambda hour: (hour.namespace, hour.meter_id)):
            while chunk := list(islice(of_meter, _HOURS_AT_ONCE)):
                self._rollups.recompute(chunk)
                self._rollups.cover(chunk)
        return len(dirty)
