"""What came of the requests of a load test: how long they took, how they were answered, what was wrong with that."""

import statistics
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

ACCEPTED = 204
UNANSWERED = 0
SHED = frozenset({429, 503})
"""Come again later: an answer, not a fault, where it says when."""


@dataclass(frozen=True, slots=True)
class Request:
    number: int
    status: int
    sent_at: float
    """Milliseconds after some beginning."""
    milliseconds: float
    retry_after: str | None = None

    @property
    def is_accepted(self) -> bool:
        return self.status == ACCEPTED

    @property
    def fault(self) -> str | None:
        if self.is_accepted or (self.status in SHED and self.retry_after):
            return None
        if self.status in SHED:
            return f"{self.status} without Retry-After"
        return "no answer" if self.status == UNANSWERED else f"answered {self.status}"


@dataclass(frozen=True, slots=True)
class Step:
    """All requests of one rate."""

    name: str
    rate: int
    requests: Sequence[Request]

    @property
    def statuses(self) -> Counter[int]:
        return Counter(one.status for one in self.requests)

    @property
    def accepted_a_second(self) -> float:
        began = min(one.sent_at for one in self.requests)
        ended = max(one.sent_at + one.milliseconds for one in self.requests)
        return self.statuses[ACCEPTED] / max((ended - began) / 1000, len(self.requests) / self.rate)

    @property
    def latency(self) -> tuple[float, float] | None:
        """p50 and p99 of what was accepted, in ms; None where fewer than two were."""
        took = [one.milliseconds for one in self.requests if one.is_accepted]
        if len(took) < 2:
            return None
        return statistics.median(took), statistics.quantiles(took, n=100, method="inclusive")[98]

    def faults(self) -> Iterator[str]:
        """What a client must not be told under any load, or not be told at all; a line a kind."""
        for fault, count in sorted(Counter(one.fault for one in self.requests if one.fault).items()):
            yield f"at {self.rate}/s {count} x {fault}"
