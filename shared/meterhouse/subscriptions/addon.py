"""Add-ons of a subscription: what was bought on top of the plan, and how many of it over time."""

from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from meterhouse.catalog.addon import InstanceType
from meterhouse.catalog.rate_card import RateCard
from meterhouse.subscriptions.span import Span


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
        number = bisect_right(self.quantities, at, key=lambda one: one.active_from)
        return self.quantities[number - 1].quantity if number else 0

    def most_before(self, at: datetime | None) -> int:
        """The most there ever were of it before `at`; None: ever."""
        return max((one.quantity for one in self.quantities if at is None or one.active_from < at), default=0)

    def is_there(self, since: datetime) -> bool:
        """Whether there is any of it at `since` or later."""
        return any(quantity and (span.end is None or span.end > since) for span, quantity in self.segments())

    @property
    def active_from(self) -> datetime:
        return self.quantities[0].active_from

    @property
    def active_to(self) -> datetime | None:
        """From when on there is none of it; None: there always is."""
        return None if self.quantities[-1].quantity else self.quantities[-1].active_from

    def segments(self) -> Iterator[tuple[Span, int]]:
        """When there are how many, in order of time."""
        ends = [*(one.active_from for one in self.quantities[1:]), None]
        for one, end in zip(self.quantities, ends, strict=True):
            yield Span(one.active_from, end), one.quantity

    def from_on(self, start: datetime, new_id: str, at: datetime) -> "SubscriptionAddon":
        """An add-on of its own with what there is of it at `start`, and what is scheduled after; decided at `at`."""
        later = [one for one in self.quantities if one.active_from > start]
        present = self.quantity_at(start)
        quantities = (*((Quantity(start, present),) if present else ()), *later)
        return replace(self, id=new_id, quantities=quantities, created_at=at, updated_at=at)

    def of_quantity(self, quantity: int, since: datetime, at: datetime) -> "SubscriptionAddon":
        """The same with so many from `since` until the next change; decided at `at`."""
        others = [one for one in self.quantities if one.active_from != since]
        changed = sorted([*others, Quantity(since, quantity)], key=lambda one: one.active_from)
        return replace(self, quantities=tuple(changed), updated_at=at)
