"""Stretches of time that may have no end; kernel's periods always have one."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Span:
    """[`start`, `end`); None: without end."""

    start: datetime
    end: datetime | None

    def contains(self, at: datetime) -> bool:
        return self.start <= at and (self.end is None or at < self.end)

    def meets(self, other: "Span") -> bool:
        """Whether both contain some instant."""
        end = earliest(self.end, other.end)
        return end is None or max(self.start, other.start) < end


def earliest(*ends: datetime | None) -> datetime | None:
    """The first of the ends; None, no end, comes after all."""
    return min((end for end in ends if end is not None), default=None)
