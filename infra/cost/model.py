"""The modelled cost of one deployment: its templates, a scenario, the price list."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from infra.cost.fit import Shortage, shortages
from infra.cost.flowing import events_a_month, flowing
from infra.cost.sizes import sizes_of
from infra.cost.standing import standing

if TYPE_CHECKING:
    from collections.abc import Mapping

    from infra.cost.prices import Line, Prices
    from infra.cost.scenario import Scenario

_MILLION = 10**6


@dataclass(frozen=True, slots=True)
class Cost:
    """A month."""

    scenario: Scenario
    standing: list[Line]
    flowing: list[Line]
    shortages: list[Shortage]

    @property
    def idle(self) -> Decimal:
        return sum((line.usd for line in self.standing), Decimal(0))

    @property
    def total(self) -> Decimal:
        return self.idle + sum((line.usd for line in self.flowing), Decimal(0))

    @property
    def per_million(self) -> Decimal:
        """Of events, whatever they cause and all that stands included."""
        return self.total / (events_a_month(self.scenario) / _MILLION)

    def document(self) -> dict[str, Any]:
        return {
            "profile": self.scenario.profile,
            "eventsADay": int(self.scenario.events),
            "idle": f"{self.idle:.2f}",
            "total": f"{self.total:.2f}",
            "perMillionEvents": f"{self.per_million:.4f}",
            "standing": [line.document() for line in self.standing],
            "flowing": [line.document() for line in self.flowing],
            "shortages": [str(one) for one in self.shortages],
        }


def cost_of(resources: Mapping[str, Mapping[str, Any]], scenario: Scenario, prices: Prices) -> Cost:
    """What the resources of all stacks cost in a month of this usage.

    Raises:
        NotPricedError: the price list or the list of what is free lacks something, by name.
    """
    sizes = sizes_of(resources)
    stands = standing(resources, prices, scenario)
    return Cost(scenario, stands, flowing(sizes, scenario, prices), shortages(sizes, scenario))
