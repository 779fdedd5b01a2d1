"""From what a plan says to a subscription of its own: phases laid out in time, rate cards copied into items."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from meterhouse.catalog.feature import Feature
from meterhouse.catalog.plan import PlanPhase, PlanSpec
from meterhouse.catalog.rate_card import RateCard
from meterhouse.kernel.errors import InvalidInput, Problem
from meterhouse.kernel.ids import derived_ulid
from meterhouse.subscriptions.model import CostBasisMode, PlanReference, Subscription
from meterhouse.subscriptions.offset import Offset
from meterhouse.subscriptions.phase import SubscriptionItem, SubscriptionPhase, item_id


@dataclass(frozen=True, slots=True)
class Terms:
    """What is agreed besides the plan.

    Attributes:
        starting_phase: key of the phase that starts at `active_from`; those before it are left out. None: the first.
        billing_anchor: None: `active_from`.
        name, description: None: the plan's.
        previous_id: the subscription in whose place it comes.
    """

    id: str
    customer_id: str
    active_from: datetime
    created_at: datetime
    plan: PlanReference | None = None
    starting_phase: str | None = None
    billing_anchor: datetime | None = None
    name: str | None = None
    description: str | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)
    previous_id: str | None = None
    cost_basis_mode: CostBasisMode = CostBasisMode.DYNAMIC


def subscribe(spec: PlanSpec, terms: Terms) -> Subscription:
    """The subscription to `spec` on `terms`; ids of phases and items are derived from the subscription's.

    Raises:
        InvalidInput: there is no such starting phase, or the phases leave the calendar.
    """
    phases = _from_starting_phase(spec.phases, terms.starting_phase)
    return Subscription(
        id=terms.id,
        customer_id=terms.customer_id,
        plan=terms.plan,
        name=terms.name or spec.name,
        description=spec.description if terms.description is None else terms.description,
        metadata=terms.metadata,
        currency=spec.currency,
        billing_cadence=spec.billing_cadence,
        billing_anchor=terms.billing_anchor or terms.active_from,
        is_prorated=spec.is_prorated,
        settlement_mode=spec.settlement_mode,
        active_from=terms.active_from,
        phases=tuple(_laid_out(phases, terms)),
        created_at=terms.created_at,
        updated_at=terms.created_at,
        previous_id=terms.previous_id,
        cost_basis_mode=terms.cost_basis_mode,
    )


def is_priced(subscription: Subscription) -> bool:
    """Whether anything in it costs money, so that its currency matters."""
    items = (item for phase in subscription.effective_phases() for item in phase.items)
    return any(item.rate_card.price is not None for item in items)


def _from_starting_phase(phases: Sequence[PlanPhase], key: str | None) -> Sequence[PlanPhase]:
    if key is None:
        return phases
    index = next((index for index, phase in enumerate(phases) if phase.key == key), None)
    if index is None:
        message = f"the plan has no phase {key!r}"
        raise InvalidInput(message, [Problem("/startingPhase", "unknown_phase", message)])
    return phases[index:]


def pinned(subscription: Subscription, features: Mapping[str, Feature]) -> Subscription:
    """The subscription whose items name the feature sold, by its id; `features` by key. What is named stays."""
    phases = [
        replace(phase, items=tuple(pinned_item(item, features) for item in phase.items))
        for phase in subscription.phases
    ]
    return replace(subscription, phases=tuple(phases))


def pinned_item(item: SubscriptionItem, features: Mapping[str, Feature]) -> SubscriptionItem:
    feature = features.get(item.rate_card.feature_key or "")
    return item if feature is None or item.feature_id else replace(item, feature_id=feature.id)


def item_of(
    subscription_id: str, phase: SubscriptionPhase, card: RateCard, start: datetime, version: int = 0
) -> SubscriptionItem:
    """An item of the phase from `start` until the phase ends."""
    return SubscriptionItem(
        id=item_id(subscription_id, phase.key, card.key, start, version),
        rate_card=card,
        active_from=start,
        active_to=phase.active_to,
        version=version,
    )


def _laid_out(phases: Sequence[PlanPhase], terms: Terms) -> Iterator[SubscriptionPhase]:
    offset = Offset()
    for phase in phases:
        end = None if phase.duration is None else offset + Offset.of(phase.duration)
        made = SubscriptionPhase(
            id=phase_id(terms.id, phase.key, terms.active_from),
            key=phase.key,
            name=phase.name,
            description=phase.description,
            metadata=phase.metadata,
            active_from=offset.after(terms.active_from),
            active_to=None if end is None else end.after(terms.active_from),
            starts_after=offset,
            items=(),
        )
        items = (item_of(terms.id, made, card, made.active_from) for card in phase.rate_cards)
        yield replace(made, items=tuple(items))
        offset = end or offset


def phase_id(subscription_id: str, key: str, active_from: datetime) -> str:
    return derived_ulid(active_from, "subscription_phase", subscription_id, key)
