"""What a benchmark yields: some work beside its floor, both taken in turns on the same machine."""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from meterhouse.platform.postgres import Database
from tests.bench.engines import Engines
from tests.bench.processor_time import processor_time


class Effort(Enum):
    """FULL gives figures worth reading; SMALL only shows that a benchmark runs.

    PROCESSOR takes fewer rounds, by processor time, where no machine is quiet.
    """

    FULL = "full"
    SMALL = "small"
    PROCESSOR = "processor"


class Kind(Enum):
    """How work and floor are compared; absolute times would say nothing on another machine."""

    RATIO = "times the floor"
    OVER = "ms over the floor"
    FASTER = "times faster than the floor"
    FITS = "times into the floor"

    @property
    def wants_more(self) -> bool:
        return self in {Kind.FASTER, Kind.FITS}


class Unit(Enum):
    SECONDS = "seconds"
    BYTES = "bytes"


@dataclass(frozen=True, slots=True)
class Figure:
    """A row of the table.

    Attributes:
        page: the row of performance.md, such as P1.
        taken: what the work took, in `unit`.
        floor: what the work is compared with; it took `floor_taken`.
        bound: the most that `measured` may be, or the least where more is better; None: told for information.
    """

    page: str
    work: str
    kind: Kind
    taken: float
    floor: str
    floor_taken: float
    bound: float | None = None
    unit: Unit = Unit.SECONDS

    @property
    def measured(self) -> float:
        match self.kind:
            case Kind.RATIO:
                return self.taken / self.floor_taken
            case Kind.OVER:
                return (self.taken - self.floor_taken) * 1000
            case Kind.FASTER | Kind.FITS:
                return self.floor_taken / self.taken

    @property
    def missed_by(self) -> float | None:
        """The part of the bound by which it is missed, 0 where it is held; None where there is none."""
        if self.bound is None:
            return None
        missed = self.bound - self.measured if self.kind.wants_more else self.measured - self.bound
        return max(0.0, missed / self.bound)


class Track(Protocol):
    """Passes steps through and shows how far they are."""

    def __call__(self, steps: Sequence[int], text: str, /) -> Iterable[int]: ...


@dataclass(frozen=True, slots=True)
class Run:
    """What the benchmarks of one run share."""

    effort: Effort
    track: Track
    engines: Engines

    def clock(self, *databases: Database) -> Callable[[], float]:
        """What tells seconds of work on these, which have no transaction open and keep their connections."""
        return processor_time(*databases) if self.effort is Effort.PROCESSOR else time.perf_counter


Benchmark = Callable[[Run], list[Figure]]


def take_turns(
    *works: Callable[[], object],
    rounds: Iterable[int],
    calls: int = 1,
    clock: Callable[[], float] = time.perf_counter,
) -> list[list[float]]:
    """Seconds a call of each work, one figure a round: the works take turns, so that all meet the same noise."""
    seconds: list[list[float]] = [[] for _ in works]
    for _ in rounds:
        for work, taken in zip(works, seconds, strict=True):
            started = clock()
            for _ in range(calls):
                work()
            taken.append((clock() - started) / calls)
    return seconds


def best(
    *works: Callable[[], object], rounds: Iterable[int], clock: Callable[[], float] = time.perf_counter
) -> list[float]:
    """The least seconds of each work, taken in turns: what others do on the machine only adds."""
    return [min(seconds) for seconds in take_turns(*works, rounds=rounds, clock=clock)]
