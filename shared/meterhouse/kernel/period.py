from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from fractions import Fraction
from itertools import pairwise
from typing import TYPE_CHECKING

from meterhouse.kernel.instant import format_rfc3339, utc

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True, order=True)
class Period:
    """The instants from `start` up to, not including, `end`; in UTC, never empty. `ValueError` otherwise."""

    start: datetime
    end: datetime

    def __post_init__(self) -> None:
        object.__setattr__(self, "start", utc(self.start))
        object.__setattr__(self, "end", utc(self.end))
        if self.start >= self.end:
            raise ValueError(f"a period starts before it ends: {self}")

    def __str__(self) -> str:
        return f"[{format_rfc3339(self.start)}, {format_rfc3339(self.end)})"

    @property
    def duration(self) -> timedelta:
        return self.end - self.start

    def contains(self, at: datetime) -> bool:
        return self.start <= at < self.end

    def overlaps(self, other: Period) -> bool:
        return self.start < other.end and other.start < self.end

    def intersection(self, other: Period) -> Period | None:
        """Return the instants in both, or None; periods that only touch share none."""
        if not self.overlaps(other):
            return None
        return Period(max(self.start, other.start), min(self.end, other.end))

    def tiles(self, parts: Iterable[Period]) -> bool:
        """Whether `parts`, in any order, cover this period with no gap, no overlap and nothing beyond."""
        ordered = sorted(parts)
        return (
            bool(ordered)
            and ordered[0].start == self.start
            and ordered[-1].end == self.end
            and all(before.end == after.start for before, after in pairwise(ordered))
        )


def share(part: Period, whole: Period) -> Fraction:
    """Return the share of `whole` that `part` covers, exactly: 0 for none of it, 1 at most."""
    common = part.intersection(whole)
    if common is None:
        return Fraction(0)
    return Fraction(common.duration // _MICROSECOND, whole.duration // _MICROSECOND)
