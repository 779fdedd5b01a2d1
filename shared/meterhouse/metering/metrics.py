"""Counters of today's events, as scrapers of a namespace read them."""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Protocol


class EventCounts(Protocol):
    def since(self, namespace: str, ingested_from: datetime) -> list[tuple[str, int]]:
        """The distinct events ingested from the instant on, by subject, in order."""


class ShowMetrics:
    def __init__(self, counts: EventCounts, now: Callable[[], datetime]) -> None:
        self._counts = counts
        self._now = now

    def __call__(self, namespace: str) -> str:
        """OpenMetrics text: the events ingested since midnight UTC, when the counters start anew."""
        midnight = self._now().replace(hour=0, minute=0, second=0, microsecond=0)
        return open_metrics(self._counts.since(namespace, midnight), midnight)


def open_metrics(counts: Iterable[tuple[str, int]], created: datetime) -> str:
    """One counter family with a sample a subject, by the OpenMetrics specification 1.0; `created`: when it was 0."""
    lines = ["# TYPE openmeter_events counter", "# HELP openmeter_events Number of ingested events"]
    for subject, count in counts:
        labels = f'{{subject="{_escaped(subject)}"}}'
        lines += (
            f"openmeter_events_total{labels} {count}",
            f"openmeter_events_created{labels} {int(created.timestamp())}",
        )
    return "\n".join([*lines, "# EOF", ""])


def _escaped(value: str) -> str:
    return value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
