"""Phases added, removed, stretched: those behind them move, and together they still tile the subscription."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from itertools import pairwise

from meterhouse.subscriptions.model import Subscription
from meterhouse.subscriptions.offset import Offset
from meterhouse.subscriptions.patch import (
    AddPhase,
    Moment,
    RemovePhase,
    Shift,
    StretchPhase,
    changeable,
    phase_of,
    refused,
    unknown,
)
from meterhouse.subscriptions.phase import SubscriptionItem, SubscriptionPhase
from meterhouse.subscriptions.span import earliest
from meterhouse.subscriptions.spec import phase_id


def with_new_phase(subscription: Subscription, patch: AddPhase, moment: Moment) -> Subscription:
    """The phase, yet without items, put where it starts; the phases behind it follow it.

    Raises:
        InvalidInput: its duration is missing, or not wanted since it is the last one, or no length of time.
        Conflict: its key is taken, or it would not start after the edit.
    """
    start = patch.starts_after.after(subscription.active_from)
    if any(phase.key == patch.key for phase in subscription.phases):
        raise refused("/phase/key", "phase_key_taken", f"the subscription has a phase {patch.key!r}")
    if start <= moment.at:
        raise refused("/phase/startAfter", "phase_starts_too_early", "a phase is added after the edit's instant alone")
    before = [phase for phase in subscription.phases if phase.active_from < start]
    behind = [phase for phase in subscription.phases if phase.active_from >= start]
    end = _end(patch, start, subscription.active_from, is_last=not behind)
    made = SubscriptionPhase(
        id=phase_id(subscription.id, patch.key, subscription.active_from),
        key=patch.key,
        name=patch.name,
        description=patch.description,
        active_from=start,
        active_to=None,
        starts_after=patch.starts_after,
        items=(),
    )
    return _laid_out(subscription, [*before, made, *_following(end, behind)], moment, "/phase/duration")


def without_phase(subscription: Subscription, patch: RemovePhase, moment: Moment) -> Subscription:
    """Without a phase that has not begun at the edit's instant.

    Raises:
        InvalidInput: there is no such phase.
        Conflict: it has begun.
    """
    phase = phase_of(subscription, patch.phase_key)
    if phase.active_from <= moment.at:
        raise refused("/phaseKey", "phase_has_begun", f"phase {phase.key!r} has begun when the edit takes effect")
    index = subscription.phases.index(phase)
    before, behind = subscription.phases[:index], subscription.phases[index + 1 :]
    rest = behind if patch.shift is Shift.PREV else _following(phase.starts_after, behind)
    return _laid_out(subscription, [*before, *rest], moment, "/shift")


def with_stretched_phase(subscription: Subscription, patch: StretchPhase, moment: Moment) -> Subscription:
    """With a phase that ends later or sooner; those behind it move by as much.

    Raises:
        InvalidInput: there is no such phase.
        Conflict: it is over, has no end, or nothing would be left of it.
    """
    phase = changeable(subscription, patch.phase_key, moment)
    index = subscription.phases.index(phase) + 1
    before, behind = subscription.phases[:index], subscription.phases[index:]
    if not behind:
        message = f"phase {phase.key!r} is the last: it lasts until the subscription ends"
        raise refused("/phaseKey", "phase_has_no_end", message)
    moved = [replace(one, starts_after=one.starts_after + patch.extend_by) for one in behind]
    return _laid_out(subscription, [*before, *moved], moment, "/extendBy")


def _end(patch: AddPhase, start: datetime, origin: datetime, *, is_last: bool) -> Offset:
    if is_last and patch.duration is not None:
        message = "the last phase lasts until the subscription ends, so it has no duration"
        raise unknown("/phase/duration", "phase_duration_not_allowed", message)
    if not is_last and patch.duration is None:
        message = "every phase but the last needs a duration"
        raise unknown("/phase/duration", "phase_duration_missing", message)
    end = patch.starts_after + (patch.duration or Offset())
    if not is_last and end.after(origin) <= start:
        raise unknown("/phase/duration", "phase_duration_not_positive", "a phase ends after it starts")
    return end


def _following(start: Offset, phases: Sequence[SubscriptionPhase]) -> list[SubscriptionPhase]:
    """The phases moved together, so that the first has this start."""
    by = start - phases[0].starts_after if phases else Offset()
    return [replace(phase, starts_after=phase.starts_after + by) for phase in phases]


def _laid_out(
    subscription: Subscription, phases: Sequence[SubscriptionPhase], moment: Moment, field: str
) -> Subscription:
    """Each phase from its own start to the start of the next."""
    starts = [phase.starts_after.after(subscription.active_from) for phase in phases]
    for phase, (start, end) in zip(phases, pairwise(starts), strict=False):
        is_over = phase.active_to is not None and phase.active_to <= moment.at
        if end <= start or (end <= moment.at and not is_over):
            raise refused(field, "phase_would_disappear", f"phase {phase.key} would disappear due to stretching")
    ends: list[datetime | None] = [*starts[1:], None]
    moved = (_moved(*laid) for laid in zip(phases, starts, ends, strict=True))
    return replace(subscription, phases=tuple(moved))


def _moved(phase: SubscriptionPhase, start: datetime, end: datetime | None) -> SubscriptionPhase:
    items = (_moved_item(item, phase, start, end) for item in phase.items if _has_room(item, phase, end))
    return replace(phase, active_from=start, active_to=end, items=tuple(items))


def _has_room(item: SubscriptionItem, phase: SubscriptionPhase, end: datetime | None) -> bool:
    """Whether it still begins before the phase ends; those from the phase's start on move with it."""
    return item.active_from == phase.active_from or end is None or item.active_from < end


def _moved_item(
    item: SubscriptionItem, phase: SubscriptionPhase, start: datetime, end: datetime | None
) -> SubscriptionItem:
    return replace(
        item,
        active_from=start if item.active_from == phase.active_from else item.active_from,
        active_to=end if item.active_to == phase.active_to else earliest(item.active_to, end),
    )
