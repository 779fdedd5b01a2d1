"""Times as ratios: what is measured and its floor take turns, so that both meet the same machine."""

import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Figure:
    """A row of the table: `ratio` against `bound`, the largest allowed, or with `is_least` the smallest."""

    name: str
    ratio: float
    bound: float
    detail: str
    is_least: bool = False
    unit: str = "x"

    @property
    def holds(self) -> bool:
        return self.ratio >= self.bound if self.is_least else self.ratio <= self.bound


def best_times(*works: Callable[[], object], rounds: int, calls: int = 1) -> list[float]:
    """Seconds of one call of each work: its best of `rounds` turns of `calls` calls."""
    best = [float("inf")] * len(works)
    for _ in range(rounds):
        for index, work in enumerate(works):
            started = time.perf_counter()
            for _ in range(calls):
                work()
            best[index] = min(best[index], (time.perf_counter() - started) / calls)
    return best
