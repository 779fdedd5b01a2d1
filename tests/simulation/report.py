"""What the seeds of a run cost: told at its end, for a time decides no test."""

from collections.abc import Iterable

SEEDS, CPU_SECONDS = "simulation seeds", "simulation CPU seconds"


def report(properties: Iterable[tuple[str, object]]) -> str:
    """The sum over all tests that recorded the two; "" where none did."""
    sums = {SEEDS: 0.0, CPU_SECONDS: 0.0}
    for name, value in properties:
        if name in sums:
            sums[name] += float(str(value))
    if not sums[SEEDS]:
        return ""
    return f"{sums[SEEDS]:,.0f} seeds in {sums[CPU_SECONDS]:.1f} CPU seconds; 1,000 are meant to take at most 60"
