"""Add-ons of subscriptions on the wire, to the contract."""

from collections.abc import Iterator
from datetime import datetime
from typing import Annotated

from pydantic import Field

from meterhouse.catalog.addon import InstanceType
from meterhouse.catalog.schema import RateCardWire, rate_card_to_wire
from meterhouse.kernel.errors import InvalidInput, Problem
from meterhouse.platform.wire import Description, Instant, Key, Metadata, Name, Resource, Ulid, Whole, Wire
from meterhouse.subscriptions.addon import SubscriptionAddon
from meterhouse.subscriptions.addons import AddonChange, NewAddon
from meterhouse.subscriptions.model import Subscription
from meterhouse.subscriptions.phase import SubscriptionItem
from meterhouse.subscriptions.request_schema import TimingWire
from meterhouse.subscriptions.timing import Soon

_MOST = 1_000_000
"""Of one add-on in a subscription: more is a slip."""
QuantityWire = Annotated[Whole, Field(ge=0, le=_MOST)]


class AddonChosen(Wire):
    id: Ulid


class SubscriptionAddonCreate(Wire):
    name: Name
    description: Description | None = None
    metadata: Metadata | None = None
    quantity: QuantityWire
    timing: TimingWire
    addon: AddonChosen


class SubscriptionAddonUpdate(Wire):
    """A `timing` says when the `quantity` changes, at once by default."""

    name: Name | None = None
    description: Description | None = None
    metadata: Metadata | None = None
    quantity: QuantityWire | None = None
    timing: TimingWire | None = None


class AddonReferenceWire(Wire):
    id: Ulid
    key: Key
    version: int
    instance_type: InstanceType


class SubscriptionAddonTimelineSegment(Wire):
    active_from: Instant
    active_to: Instant | None = None
    quantity: int


class SubscriptionAddonRateCard(Wire):
    rate_card: RateCardWire
    affected_subscription_item_ids: list[Ulid]


class SubscriptionAddonWire(Resource):
    name: Name
    description: Description | None = None
    metadata: Metadata | None = None
    active_from: Instant
    active_to: Instant | None = None
    addon: AddonReferenceWire
    quantity_at: Instant
    quantity: int
    timeline: list[SubscriptionAddonTimelineSegment]
    subscription_id: Ulid
    rate_cards: list[SubscriptionAddonRateCard]


def new_addon_of(body: SubscriptionAddonCreate) -> NewAddon:
    return NewAddon(
        addon_id=body.addon.id,
        name=body.name,
        quantity=body.quantity,
        timing=body.timing,
        description=body.description,
        metadata=body.metadata or {},
    )


def addon_change_of(body: SubscriptionAddonUpdate) -> AddonChange:
    """What the request asks for.

    Raises:
        InvalidInput: it says when, but not how many.
    """
    if body.timing is not None and body.quantity is None:
        message = "says when the quantity changes: give a quantity, too"
        raise InvalidInput(message, [Problem("/timing", "timing_without_quantity", message)])
    return AddonChange(
        quantity=body.quantity,
        timing=body.timing or Soon.IMMEDIATE,
        name=body.name,
        description=body.description,
        metadata=body.metadata,
    )


def addon_to_wire(subscription: Subscription, addon: SubscriptionAddon, at: datetime) -> SubscriptionAddonWire:
    """The add-on as it is at `at`, with the subscription's items that it makes what they are."""
    reference = addon.addon
    copied = ("id", "name", "description", "active_from", "active_to", "created_at", "updated_at")
    return SubscriptionAddonWire(
        **{name: getattr(addon, name) for name in copied},
        metadata=dict(addon.metadata) or None,
        addon=AddonReferenceWire(
            id=reference.id, key=reference.key, version=reference.version, instance_type=reference.instance_type
        ),
        quantity_at=at,
        quantity=addon.quantity_at(at),
        timeline=[
            SubscriptionAddonTimelineSegment(active_from=span.start, active_to=span.end, quantity=quantity)
            for span, quantity in addon.segments()
        ],
        subscription_id=subscription.id,
        rate_cards=[
            SubscriptionAddonRateCard(
                rate_card=rate_card_to_wire(card.rate_card),
                affected_subscription_item_ids=[
                    item.id for item in _affected(subscription, addon) if item.key == card.rate_card.key
                ],
            )
            for card in addon.cards
        ],
    )


def _affected(subscription: Subscription, addon: SubscriptionAddon) -> Iterator[SubscriptionItem]:
    """Items in force at an instant when there is any of the add-on."""
    for phase in subscription.effective_phases():
        for item in phase.items:
            if any(quantity and item.span.meets(span) for span, quantity in addon.segments()):
                yield item
