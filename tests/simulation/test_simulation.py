"""A thousand runs in which everything may fail change no number; with any guard taken away, some run notices."""

import time
from collections.abc import Callable

import pytest

from tests.simulation.guards import GUARDS
from tests.simulation.report import CPU_SECONDS, SEEDS
from tests.simulation.run import replay, run

_SEEDS = 1_000
_SEEDS_OF_A_GUARD = 100
_SLICES = 10


@pytest.mark.parametrize("part", range(_SLICES))
def test_no_fault_changes_a_number(part: int, record_property: Callable[[str, object], None]) -> None:
    seeds = range(part, _SEEDS, _SLICES)
    started = time.process_time()
    for seed in seeds:
        outcome = run(seed)
        assert not outcome.fault, f"{replay(seed)}  # {outcome.fault}"
    record_property(SEEDS, len(seeds))
    record_property(CPU_SECONDS, time.process_time() - started)


@pytest.mark.parametrize("guard", GUARDS)
def test_a_guard_that_is_taken_away_is_missed(guard: str) -> None:
    assert any(run(seed, GUARDS[guard]).fault for seed in range(_SEEDS_OF_A_GUARD)), f"nobody misses {guard}"


def test_a_seed_replays_to_the_same_trace() -> None:
    one, other = (run(4, traced=True) for _ in range(2))
    assert one.trace == other.trace
    assert len(one.trace) > 50
