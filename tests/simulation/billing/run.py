"""One seed of billing: a run with faults, a look at it in its middle, a drain, a look at its end."""

from tests.simulation.billing.checks import check, check_end
from tests.simulation.billing.house import House
from tests.simulation.billing.plots import PLOTS
from tests.simulation.chance import Chance
from tests.simulation.checks import Broken
from tests.simulation.guards import Guard
from tests.simulation.run import Outcome, silence

_STEPS = 25


def run(seed: int, without: Guard | None = None, *, traced: bool = False) -> Outcome:
    """Run a seed; `without`: a guard that is taken away."""
    chance = Chance(seed, [] if traced else None)
    fault = ""
    with silence(), (without or Guard()).removed():
        try:
            _run(House(chance))
        except Broken as broken:
            fault = str(broken)
    return Outcome(seed, fault, chance.trace or [])


def _run(house: House) -> None:
    for _ in range(_STEPS):
        house.step()
    check(house)
    if house.chance.happens(0.7):
        house.weather.is_over = True
        house.chance.draw.choice(PLOTS)(house)
    house.drain()
    check_end(house)
