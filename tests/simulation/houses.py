"""What is simulated: each house with its runs and its guards."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from tests.simulation import guards, run
from tests.simulation.billing import guards as billing_guards
from tests.simulation.billing import run as billing_run
from tests.simulation.guards import Guard
from tests.simulation.run import Outcome


@dataclass(frozen=True)
class Simulated:
    run: Callable[..., Outcome]
    guards: Mapping[str, Guard]


HOUSES: Mapping[str, Simulated] = {
    "metering": Simulated(run.run, guards.GUARDS),
    "billing": Simulated(billing_run.run, billing_guards.GUARDS),
}
