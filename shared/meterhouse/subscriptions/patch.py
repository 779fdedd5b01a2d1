"""Patches: the single steps of which an edit of a subscription is made."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from meterhouse.catalog.known_currencies import Worth
from meterhouse.catalog.known_features import KnownFeatures
from meterhouse.catalog.rate_card import RateCard
from meterhouse.kernel.errors import Conflict, InvalidInput, Problem
from meterhouse.subscriptions.model import Subscription
from meterhouse.subscriptions.offset import Offset
from meterhouse.subscriptions.phase import SubscriptionPhase


class Shift(StrEnum):
    """What becomes of the time of a phase that is removed."""

    NEXT = "next"
    """The phases after it start sooner."""
    PREV = "prev"
    """The phase before it lasts longer."""


@dataclass(frozen=True, slots=True)
class AddItem:
    """From the edit's instant on, in a later phase from its start on; an item of the same key ends there."""

    phase_key: str
    rate_card: RateCard


@dataclass(frozen=True, slots=True)
class RemoveItem:
    phase_key: str
    item_key: str


@dataclass(frozen=True, slots=True)
class AddPhase:
    """`starts_after` the subscription's start; the phases behind it move, so that they follow its `duration`."""

    key: str
    name: str
    starts_after: Offset
    duration: Offset | None = None
    description: str | None = None


@dataclass(frozen=True, slots=True)
class RemovePhase:
    phase_key: str
    shift: Shift


@dataclass(frozen=True, slots=True)
class StretchPhase:
    """Let a phase last so much longer, or with a negative offset shorter; the phases behind it move."""

    phase_key: str
    extend_by: Offset


@dataclass(frozen=True, slots=True)
class UnscheduleEdit:
    """Let the items of the current phase go on as if no later edit had been scheduled."""


Patch = AddItem | RemoveItem | AddPhase | RemovePhase | StretchPhase | UnscheduleEdit


@dataclass(frozen=True, slots=True)
class Moment:
    """When an edit takes effect, which is `now` or later.

    `known` and `tax_codes` are what its rate cards name, `worth` what their custom currencies are worth something in.
    """

    at: datetime
    now: datetime
    known: KnownFeatures
    tax_codes: Collection[str] = ()
    worth: Collection[Worth] = ()

    def has_begun(self, start: datetime) -> bool:
        """Whether what began at `start` may have been used, so that it can only be ended."""
        return start <= self.now


def phase_of(subscription: Subscription, key: str) -> SubscriptionPhase:
    """Raises `InvalidInput`."""
    phase = next((phase for phase in subscription.phases if phase.key == key), None)
    if phase is None:
        raise unknown("/phaseKey", "phase_not_found", f"the subscription has no phase {key!r}")
    return phase


def changeable(subscription: Subscription, key: str, moment: Moment) -> SubscriptionPhase:
    """The phase, current at the edit's instant or later. Raises `InvalidInput`, and `Conflict` for an earlier one."""
    phase = phase_of(subscription, key)
    if phase.active_to is not None and phase.active_to <= moment.at:
        raise refused("/phaseKey", "phase_is_over", f"phase {key!r} is over when the edit takes effect")
    return phase


def unknown(field: str, code: str, message: str) -> InvalidInput:
    return InvalidInput(message, [Problem(field, code, message)])


def refused(field: str, code: str, message: str) -> Conflict:
    return Conflict(message, code, [Problem(field, code, message)])
