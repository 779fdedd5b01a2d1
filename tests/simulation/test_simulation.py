"""A thousand runs in which everything may fail change no number; with any guard taken away, some run notices."""

import time
from collections.abc import Callable

import pytest

from tests.simulation.houses import HOUSES
from tests.simulation.report import CPU_SECONDS, SEEDS
from tests.simulation.run import replay

_SEEDS = 500
"""Of each house: a thousand on all."""
_SEEDS_OF_A_GUARD = 100
_SLICES = 5
_GUARDS = [(name, guard) for name, house in HOUSES.items() for guard in house.guards]


@pytest.mark.parametrize("part", range(_SLICES))
@pytest.mark.parametrize("name", HOUSES)
def test_no_fault_changes_a_number(name: str, part: int, record_property: Callable[[str, object], None]) -> None:
    seeds = range(part, _SEEDS, _SLICES)
    started = time.process_time()
    for seed in seeds:
        outcome = HOUSES[name].run(seed)
        assert not outcome.fault, f"{replay(name, seed)}  # {outcome.fault}"
    record_property(SEEDS, len(seeds))
    record_property(CPU_SECONDS, time.process_time() - started)


@pytest.mark.parametrize(("name", "guard"), _GUARDS)
def test_a_guard_that_is_taken_away_is_missed(name: str, guard: str) -> None:
    house = HOUSES[name]
    found = any(house.run(seed, house.guards[guard]).fault for seed in range(_SEEDS_OF_A_GUARD))
    assert found, f"nobody misses {guard}"


@pytest.mark.parametrize("name", HOUSES)
def test_a_seed_replays_to_the_same_trace(name: str) -> None:
    one, other = (HOUSES[name].run(4, traced=True) for _ in range(2))
    assert one.trace == other.trace
    assert len(one.trace) > 50
