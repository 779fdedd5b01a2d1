"""One seed: a run with faults, checks in its middle, a drain, checks at its end."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from io import StringIO

from tests.simulation.chance import Chance
from tests.simulation.checks import Broken, check_end, check_middle, check_watermark
from tests.simulation.guards import Guard
from tests.simulation.plots import PLOTS
from tests.simulation.world import World

_STEPS = 20


@dataclass(frozen=True)
class Outcome:
    """`fault`: what does not hold, "" where all does."""

    seed: int
    fault: str
    trace: list[str]


@contextmanager
def silence() -> Iterator[None]:
    """Nobody reads what processes print and log here, and writing tracebacks takes long."""
    logging.disable(logging.CRITICAL)
    try:
        with redirect_stdout(StringIO()):
            yield
    finally:
        logging.disable(logging.NOTSET)


def run(seed: int, without: Guard | None = None, *, traced: bool = False) -> Outcome:
    """Run a seed; `without`: a guard that is taken away."""
    chance = Chance(seed, [] if traced else None)
    fault = ""
    with silence(), (without or Guard()).removed() as changes:
        try:
            _run(World(chance, changes))
        except Broken as broken:
            fault = str(broken)
    return Outcome(seed, fault, chance.trace or [])


def _run(world: World) -> None:
    targets = None
    for _ in range(_STEPS):
        if world.chance.happens(0.2):
            world.weather.is_over, calm = True, world.weather.is_over
            targets = check_watermark(world, targets if world.chance.happens(0.7) else None)
            check_middle(world)
            world.weather.is_over = calm
        else:
            world.step()
    world.drain()
    if world.chance.happens(0.6):
        world.chance.draw.choice(PLOTS)(world)
    world.race()
    world.drain()
    check_end(world)


def replay(house: str, seed: int, guard: str = "") -> str:
    """The one line that replays a seed."""
    return f".venv/bin/python -m tests.simulation {house} {seed}" + (f" --without {guard}" if guard else "")
