"""Items added to a phase, taken out of it, or no longer to be changed. Who was in force is ended, never removed."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from meterhouse.catalog.known_currencies import worthless
from meterhouse.catalog.known_tax_codes import unknown_tax_codes
from meterhouse.catalog.plan import SettlementMode
from meterhouse.catalog.rate_card import RateCard
from meterhouse.catalog.rate_card_rules import contradictions, unaligned, unsold
from meterhouse.kernel.errors import Conflict, InvalidInput, Problem
from meterhouse.subscriptions.model import Subscription
from meterhouse.subscriptions.patch import AddItem, Moment, RemoveItem, changeable, refused, unknown
from meterhouse.subscriptions.phase import SubscriptionItem, SubscriptionPhase
from meterhouse.subscriptions.span import earliest
from meterhouse.subscriptions.spec import item_of, pinned_item


def with_item(subscription: Subscription, patch: AddItem, moment: Moment) -> Subscription:
    """The item in force from the edit's instant on; nothing changes where just this one is in force already.

    Raises:
        InvalidInput: there is no such phase, or the rate card cannot be sold.
        Conflict: the phase is over, or an edit of this key is scheduled.
    """
    phase = changeable(subscription, patch.phase_key, moment)
    _refuse_unsellable(subscription, patch, moment)
    start = max(moment.at, phase.active_from)
    timeline = _timeline(phase, patch.rate_card.key)
    _refuse_scheduled(phase, timeline, moment)
    last = timeline[-1] if timeline else None
    kept = _ended(phase, timeline, moment)
    version = max((item.version for item in kept if item.key == patch.rate_card.key), default=-1) + 1
    made = pinned_item(item_of(subscription.id, phase, patch.rate_card, start, version), moment.known.by_key)
    if last is not None and _is_same(last, made, phase):
        return subscription
    return with_phase(subscription, replace(phase, items=(*kept, made)))


def without_item(subscription: Subscription, patch: RemoveItem, moment: Moment) -> Subscription:
    """Without the item from the edit's instant on; nothing changes where it has ended already.

    Raises:
        InvalidInput: there is no such phase, or no such item in it.
        Conflict: the phase is over, or an edit of this key is scheduled.
    """
    phase = changeable(subscription, patch.phase_key, moment)
    timeline = _timeline(phase, patch.item_key)
    if not timeline:
        message = f"phase {phase.key!r} has no item {patch.item_key!r}"
        raise unknown("/itemKey", "item_not_found", message)
    if timeline[-1].active_from > max(moment.at, phase.active_from):
        raise _scheduled("/itemKey", patch.item_key)
    return with_phase(subscription, replace(phase, items=tuple(_ended(phase, timeline, moment))))


def unscheduled(subscription: Subscription, moment: Moment) -> Subscription:
    """The current phase without what edits have scheduled from the edit's instant on."""
    phase = subscription.phase_at(moment.at)
    if phase is None:
        return subscription
    planned = next(one for one in subscription.phases if one.id == phase.id)
    kept = [item for item in planned.items if item.active_from < moment.at or moment.has_begun(item.active_from)]
    last = {item.key: item.id for item in kept}
    items = [_reopened(item, planned, moment) if item.id == last[item.key] else item for item in kept]
    return with_phase(subscription, replace(planned, items=tuple(items)))


def with_phase(subscription: Subscription, phase: SubscriptionPhase) -> Subscription:
    phases = (phase if one.id == phase.id else one for one in subscription.phases)
    return replace(subscription, phases=tuple(phases))


def _timeline(phase: SubscriptionPhase, key: str) -> list[SubscriptionItem]:
    return [item for item in phase.items if item.key == key]


def _ended(phase: SubscriptionPhase, timeline: Iterable[SubscriptionItem], moment: Moment) -> list[SubscriptionItem]:
    """The phase's items, those of the timeline as they end at the edit's instant."""
    start, ids = max(moment.at, phase.active_from), {item.id for item in timeline}
    kept = (
        item
        for item in phase.items
        if item.id not in ids or item.active_from < start or moment.has_begun(item.active_from)
    )
    return [replace(item, active_to=earliest(item.active_to, start)) if item.id in ids else item for item in kept]


def _is_same(last: SubscriptionItem, made: SubscriptionItem, phase: SubscriptionPhase) -> bool:
    return (last.rate_card, last.feature_id, last.active_to) == (made.rate_card, made.feature_id, phase.active_to)


def _reopened(item: SubscriptionItem, phase: SubscriptionPhase, moment: Moment) -> SubscriptionItem:
    is_ended = item.active_to is not None and (item.active_to < moment.at or moment.has_begun(item.active_to))
    return item if is_ended else replace(item, active_to=phase.active_to)


def _refuse_scheduled(phase: SubscriptionPhase, timeline: list[SubscriptionItem], moment: Moment) -> None:
    start = max(moment.at, phase.active_from)
    for item in timeline:
        is_to_end = item.active_to is not None and item.active_to > start and item.active_to != phase.active_to
        if item.active_from > start or is_to_end:
            raise _scheduled("/rateCard/key", item.key)


def _scheduled(field: str, key: str) -> Conflict:
    return refused(field, "edit_scheduled", f"an edit of item {key!r} is scheduled later: unschedule it first")


def _refuse_unsellable(subscription: Subscription, patch: AddItem, moment: Moment) -> None:
    card = patch.rate_card
    problems = [
        *contradictions([card], "/rateCard"),
        *unsold(card, moment.known, "/rateCard"),
        *unknown_tax_codes([(card, "/rateCard")], moment.tax_codes),
        *_worthless(subscription, card, moment),
        *unaligned(card, subscription.billing_cadence, "/rateCard"),
    ]
    if problems:
        raise InvalidInput(f"rate card {card.key!r} cannot be sold", problems)


def _worthless(subscription: Subscription, card: RateCard, moment: Moment) -> Iterator[Problem]:
    if subscription.settlement_mode is not SettlementMode.CREDIT_ONLY:
        yield from worthless([(card, "/rateCard")], subscription.currency, moment.worth)
