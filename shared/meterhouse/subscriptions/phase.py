"""Phases of a subscription and the items in them. Rate cards are copied in, never referred to."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from meterhouse.catalog.rate_card import RateCard
from meterhouse.kernel.changed import replace
from meterhouse.kernel.ids import derived_ulid
from meterhouse.subscriptions.offset import Offset
from meterhouse.subscriptions.span import Span, earliest

_AT_ONCE = Offset()


@dataclass(frozen=True, slots=True)
class SubscriptionItem:
    """One rate card, in force during [`active_from`, `active_to`); `version` counts items of its key in the phase.

    `feature_id` is the feature that was sold: its key may be another's by now. `is_overlaid`: whether an add-on lies
    over it, or lay over what was before it in its phase.
    """

    id: str
    rate_card: RateCard
    active_from: datetime
    active_to: datetime | None = None
    version: int = 0
    feature_id: str | None = None
    is_overlaid: bool = False

    @property
    def key(self) -> str:
        return self.rate_card.key

    @property
    def span(self) -> Span:
        return Span(self.active_from, self.active_to)

    @property
    def charge(self) -> tuple[str | None, RateCard]:
        """What it charges for, and how: other words or units included are no other charge."""
        return self.feature_id, replace(self.rate_card, name="", entitlement=None, description=None, metadata={})


@dataclass(frozen=True, slots=True)
class SubscriptionPhase:
    """In force during [`active_from`, `active_to`) as planned; the subscription may end earlier.

    `starts_after` is how long after the subscription's start, in which no day of a month is lost.
    """

    id: str
    key: str
    name: str
    active_from: datetime
    active_to: datetime | None
    items: tuple[SubscriptionItem, ...]
    starts_after: Offset = _AT_ONCE
    description: str | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)

    @property
    def span(self) -> Span:
        return Span(self.active_from, self.active_to)

    def until(self, end: datetime | None) -> "SubscriptionPhase":
        """The phase with its items, none of them beyond `end`."""
        phase_end = earliest(self.active_to, end)
        if phase_end is None:
            return self
        items = tuple(
            replace(item, active_to=earliest(item.active_to, phase_end))
            for item in self.items
            if item.active_from < phase_end
        )
        return replace(self, active_to=phase_end, items=items)


def item_id(subscription_id: str, phase_key: str, key: str, start: datetime, version: int) -> str:
    return derived_ulid(start, "subscription_item", subscription_id, phase_key, key, f"v{version}")
