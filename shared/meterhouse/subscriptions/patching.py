"""Patches applied to a subscription in order, with every fault told at its place."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import assert_never

from meterhouse.kernel.errors import Conflict, InvalidInput, Problem
from meterhouse.subscriptions.item_patch import unscheduled, with_item, without_item
from meterhouse.subscriptions.model import Subscription
from meterhouse.subscriptions.patch import (
    AddItem,
    AddPhase,
    Moment,
    Patch,
    RemoveItem,
    RemovePhase,
    StretchPhase,
    UnscheduleEdit,
)
from meterhouse.subscriptions.phase_patch import with_new_phase, with_stretched_phase, without_phase

_ROOT = "/customizations"
Refusal = InvalidInput | Conflict


def patched(subscription: Subscription, patches: Sequence[Patch], moment: Moment) -> Subscription:
    """The subscription after all patches; itself if they change nothing.

    Raises:
        InvalidInput: one names what is not there or contradicts itself; or a phase is left without items.
        Conflict: none does, but one cannot be applied as things stand. Both list the faults of all patches but
            those about a phase that could not be added.
    """
    after, refusals, lost = subscription, list[tuple[int, Refusal]](), set[str]()
    for number, patch in enumerate(patches):
        if any(_names(patch, key) for key in lost):
            continue
        try:
            after = _applied(after, patch, moment)
        except (InvalidInput, Conflict) as error:
            refusals.append((number, error))
            lost |= {patch.key} if isinstance(patch, AddPhase) else set()
    _raise_if_any(refusals)
    empty = [*_empty_phases(after, patches)]
    if empty:
        raise InvalidInput("the edit would leave phases empty", empty)
    return subscription if after == subscription else replace(after, updated_at=moment.now)


def _raise_if_any(refusals: Sequence[tuple[int, Refusal]]) -> None:
    problems = [problem for number, error in refusals for problem in _placed(error, number)]
    if any(isinstance(error, InvalidInput) for _, error in refusals):
        raise InvalidInput("the edit cannot be made", problems)
    if problems:
        raise Conflict(problems[0].message, problems[0].code, problems)


def _applied(subscription: Subscription, patch: Patch, moment: Moment) -> Subscription:
    match patch:
        case AddItem():
            return with_item(subscription, patch, moment)
        case RemoveItem():
            return without_item(subscription, patch, moment)
        case AddPhase():
            return with_new_phase(subscription, patch, moment)
        case RemovePhase():
            return without_phase(subscription, patch, moment)
        case StretchPhase():
            return with_stretched_phase(subscription, patch, moment)
        case UnscheduleEdit():
            return unscheduled(subscription, moment)
        case _:
            assert_never(patch)


def _placed(error: Refusal, number: int) -> list[Problem]:
    found = error.problems or [Problem("", "out_of_range", error.detail)]
    return [replace(problem, field=f"{_ROOT}/{number}{problem.field}") for problem in found]


def _empty_phases(subscription: Subscription, patches: Sequence[Patch]) -> Iterator[Problem]:
    """Phases without items, each told at the last patch that names it."""
    for phase in subscription.phases:
        if not phase.items:
            number = max(number for number, patch in enumerate(patches) if _names(patch, phase.key))
            message = f"phase {phase.key!r} would have no items"
            yield Problem(f"{_ROOT}/{number}", "phase_without_items", message)


def _names(patch: Patch, key: str) -> bool:
    match patch:
        case AddPhase():
            return patch.key == key
        case UnscheduleEdit():
            return False
        case _:
            return patch.phase_key == key
