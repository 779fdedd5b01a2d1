"""What a queue between the bus and a worker is, as data."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Queued:
    """What a queue takes, and how it is worked off.

    Attributes:
        name: of the queue and of the rule that fills it.
        kinds: of domain events.
        timeout: of the worker, in seconds.
        batch: the most messages at once, gathered for `window` seconds.
        tries: how often a message is delivered before it is a dead letter.
        most_workers: how many of them at most at once.
    """

    name: str
    kinds: tuple[str, ...]
    timeout: int
    batch: int
    window: int
    tries: int
    most_workers: int

    @property
    def dead_letters(self) -> str:
        return dead_letters_of(self.name)


def dead_letters_of(queue: str) -> str:
    return f"{queue}-dead-letter"
