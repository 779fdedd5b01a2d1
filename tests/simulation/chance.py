"""What a seed decides, and the clocks it lets run apart."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
BEGIN = datetime(2026, 3, 28, 21, 20, tzinfo=UTC)
"""Near midnight in UTC, and in the night in which Europe changes its clocks."""


class Killed(BaseException):
    """The process is gone in the middle of whatever it did: no `except Exception` sees it."""


@dataclass
class Chance:
    seed: int
    trace: list[str] | None = None
    draw: Random = field(init=False)
    micros: int = 0
    depth: int = 0

    def __post_init__(self) -> None:
        self.draw = Random(self.seed)  # noqa: S311 - replayed, not secret

    def note(self, text: str) -> None:
        if self.trace is not None:
            self.trace.append(f"{self.now():%d %H:%M:%S.%f} {'  ' * self.depth}{text}")

    def happens(self, probability: float) -> bool:
        return self.draw.random() < probability

    def pick(self, *weighted: tuple[Any, float]) -> Any:
        return self.draw.choices([what for what, _ in weighted], [weight for _, weight in weighted])[0]

    def now(self) -> datetime:
        return BEGIN + timedelta(microseconds=self.micros)

    def tick(self) -> int:
        """The true time, microseconds since 1970; it never stands still."""
        self.micros += self.draw.randrange(1_000, 900_000)
        return (self.now() - EPOCH) // timedelta(microseconds=1)


@dataclass(frozen=True)
class Clock:
    """A process's own clock, off by `skew`."""

    chance: Chance
    skew: timedelta

    def __call__(self) -> datetime:
        self.chance.tick()
        return self.chance.now() + self.skew
