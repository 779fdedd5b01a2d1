"""What a benchmark yields: the time of some work beside that of its floor, taken in turns on the same machine."""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Protocol


class Effort(Enum):
    """FULL gives figures worth reading; SMALL only shows that a benchmark runs."""

    FULL = "full"
    SMALL = "small"


class Kind(Enum):
    """How work and floor are compared; absolute times would say nothing on another machine."""

    RATIO = "times the floor"
    OVER = "ms over the floor"
    FASTER = "times faster than the floor"


@dataclass(frozen=True, slots=True)
class Figure:
    """A row of the table.

    Attributes:
        page: the row of performance.md, such as P1.
        floor: what the work is compared with.
        bound: the most that `measured` may be, or the least where the work is to be FASTER; None: told for information.
    """

    page: str
    work: str
    kind: Kind
    work_seconds: float
    floor: str
    floor_seconds: float
    bound: float | None = None

    @property
    def measured(self) -> float:
        match self.kind:
            case Kind.RATIO:
                return self.work_seconds / self.floor_seconds
            case Kind.OVER:
                return (self.work_seconds - self.floor_seconds) * 1000
            case Kind.FASTER:
                return self.floor_seconds / self.work_seconds

    @property
    def missed_by(self) -> float | None:
        """The part of the bound by which it is missed, 0 where it is held; None where there is none."""
        if self.bound is None:
            return None
        missed = self.bound - self.measured if self.kind is Kind.FASTER else self.measured - self.bound
        return max(0.0, missed / self.bound)


class Track(Protocol):
    """Passes rounds through and shows how far they are."""

    def __call__(self, rounds: Sequence[int], text: str, /) -> Iterable[int]: ...


Benchmark = Callable[[Effort, Track], list[Figure]]


def take_turns(*works: Callable[[], object], rounds: Iterable[int], calls: int = 1) -> list[list[float]]:
    """Seconds a call of each work, one figure a round: the works take turns, so that all meet the same noise."""
    seconds: list[list[float]] = [[] for _ in works]
    for _ in rounds:
        for work, taken in zip(works, seconds, strict=True):
            started = time.perf_counter()
            for _ in range(calls):
                work()
            taken.append((time.perf_counter() - started) / calls)
    return seconds
