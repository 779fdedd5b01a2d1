"""From what a plan says to a subscription of its own: phases laid out in time, rate cards copied into items."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import accumulate

from meterhouse.catalog.plan import PlanPhase, PlanSpec
from meterhouse.catalog.rate_card import RateCard
from meterhouse.kernel.cadence import Cadence, CadenceUnit, add
from meterhouse.kernel.errors import InvalidInput, Problem
from meterhouse.kernel.ids import derived_ulid
from meterhouse.subscriptions.model import PlanReference, Subscription, SubscriptionItem, SubscriptionPhase

_MONTHS = {CadenceUnit.MONTH: 1, CadenceUnit.YEAR: 12}


@dataclass(frozen=True, slots=True)
class Terms:
    """What is agreed besides the plan.

    Attributes:
        starting_phase: key of the phase that starts at `active_from`; those before it are left out. None: the first.
        billing_anchor: None: `active_from`.
        name, description: None: the plan's.
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
    )


def is_priced(spec: PlanSpec) -> bool:
    """Whether anything in it costs money, so that its currency matters."""
    return any(card.price is not None for phase in spec.phases for card in phase.rate_cards)


def _from_starting_phase(phases: Sequence[PlanPhase], key: str | None) -> Sequence[PlanPhase]:
    if key is None:
        return phases
    index = next((index for index, phase in enumerate(phases) if phase.key == key), None)
    if index is None:
        message = f"the plan has no phase {key!r}"
        raise InvalidInput(message, [Problem("/startingPhase", "unknown_phase", message)])
    return phases[index:]


def _laid_out(phases: Sequence[PlanPhase], terms: Terms) -> Iterator[SubscriptionPhase]:
    durations = [[phase.duration] for phase in phases if phase.duration is not None]
    edges = [terms.active_from, *(_after(terms.active_from, sum_) for sum_ in accumulate(durations))]
    for index, phase in enumerate(phases):
        end = None if phase.duration is None else edges[index + 1]
        yield SubscriptionPhase(
            id=derived_ulid(edges[index], "subscription_phase", terms.id, phase.key),
            key=phase.key,
            name=phase.name,
            description=phase.description,
            metadata=phase.metadata,
            active_from=edges[index],
            active_to=end,
            items=tuple(item_of(terms.id, phase.key, card, edges[index], end) for card in phase.rate_cards),
        )


def item_of(
    subscription_id: str, phase_key: str, card: RateCard, active_from: datetime, active_to: datetime | None
) -> SubscriptionItem:
    """The first item of a rate card in a phase."""
    return SubscriptionItem(
        id=derived_ulid(active_from, "subscription_item", subscription_id, phase_key, card.key, "v0"),
        rate_card=card,
        active_from=active_from,
        active_to=active_to,
    )


def _after(start: datetime, durations: Sequence[Cadence]) -> datetime:
    """`start` plus all `durations`: months as one sum, so that two from 31 January end on 31 March; then the rest."""
    months = sum(duration.count * _MONTHS.get(duration.unit, 0) for duration in durations)
    end = add(start, Cadence(1, CadenceUnit.MONTH), months)
    for duration in durations:
        if duration.unit not in _MONTHS:
            end = add(end, duration)
    return end
