"""Add-ons of a subscription: what was bought on top of the plan, and how many of it over time."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import pairwise

from meterhouse.catalog.addon import InstanceType
from meterhouse.catalog.rate_card import RateCard


@dataclass(frozen=True, slots=True)
class AddonReference:
    id: str
    key: str
    version: int
    instance_type: InstanceType


@dataclass(frozen=True, slots=True)
class AddonCard:
    """A rate card of the add-on as it was sold, with the feature that was sold by it."""

    rate_card: RateCard
    feature_id: str | None = None


@dataclass(frozen=True, slots=True)
class Quantity:
    """How many there are from `active_from` on, until the next one."""

    active_from: datetime
    quantity: int


@dataclass(frozen=True, slots=True)
class SubscriptionAddon:
    """One add-on of a subscription, however many of it there are.

    Attributes:
        cards: copied when it was bought, never referred to.
        quantities: in order of time, no two at one instant; before the first there are none.
    """

    id: str
    addon: AddonReference
    name: str
    cards: tuple[AddonCard, ...]
    quantities: tuple[Quantity, ...]
    created_at: datetime
    updated_at: datetime
    description: str | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)

    def quantity_at(self, at: datetime) -> int:
        return next((one.quantity for one in reversed(self.quantities) if one.active_from <= at), 0)

    def segments(self) -> Iterator[tuple[datetime, datetime | None, int]]:
        """From when until when there are how many."""
        for one, following in pairwise(self.quantities):
            yield one.active_from, following.active_from, one.quantity
        yield self.quantities[-1].active_from, None, self.quantities[-1].quantity

    def of_quantity(self, quantity: int, since: datetime, at: datetime) -> "SubscriptionAddon":
        """The same with so many from `since` until the next change; decided at `at`."""
        others = [one for one in self.quantities if one.active_from != since]
        changed = sorted([*others, Quantity(since, quantity)], key=lambda one: one.active_from)
        return replace(self, quantities=tuple(changed), updated_at=at)
