"""Whether a subscription may have an add-on, so many of it, from an instant on; every fault with its JSON pointer."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from meterhouse.catalog.addon import InstanceType
from meterhouse.catalog.overlay_rules import clashes
from meterhouse.catalog.plan import Plan
from meterhouse.catalog.plan_addon import PlanAddon
from meterhouse.catalog.rate_card import RateCard
from meterhouse.kernel.errors import Problem
from meterhouse.subscriptions.model import Subscription

_QUANTITY = "/quantity"


def quantity_problems(instance_type: InstanceType, most: int | None, quantity: int, least: int) -> Iterator[Problem]:
    """Why there cannot be so many; of one that is single there is one, or on a change none."""
    if instance_type is InstanceType.SINGLE:
        if not least <= quantity <= 1:
            message = "of an add-on that is single there is one" + ("" if least else ", or none")
            yield Problem(_QUANTITY, "addon_is_single", message)
    elif most is not None and quantity > most:
        yield Problem(_QUANTITY, "addon_quantity_above_maximum", f"the plan sells {most} of it at most")


def phase_problems(subscription: Subscription, plan: Plan, sold: PlanAddon, start: datetime) -> Iterator[Problem]:
    """Why it is too early: the plan sells it from a phase on that has not begun at `start`."""
    keys = [phase.key for phase in plan.spec.phases]
    first = sold.terms.from_plan_phase
    allowed = keys[keys.index(first) :] if first in keys else []
    begins = [phase.active_from for phase in subscription.phases if phase.key in allowed]
    if not begins or start < min(begins):
        yield Problem("/timing", "addon_not_available_yet", f"the plan sells it from phase {first!r} on")


def clash_problems(
    subscription: Subscription, cards: Sequence[RateCard], addon_id: str, since: datetime
) -> list[Problem]:
    """Why its rate cards cannot lie over what the subscription has from `since` on, or over its other add-ons."""
    return [
        Problem("/addon/id", clash.code, f"rate card {card.key!r}: {clash.message}")
        for card in cards
        for other in _under(subscription, card.key, addon_id, since)
        for clash in clashes(other, card, subscription.billing_cadence)
    ]


def _under(subscription: Subscription, key: str, addon_id: str, since: datetime) -> Iterator[RateCard]:
    for item in subscription.items:
        if item.key == key and (item.active_to is None or item.active_to > since):
            yield item.rate_card
    for addon in subscription.addons:
        if addon.addon.id != addon_id and addon.is_there(since):
            yield from (card.rate_card for card in addon.cards if card.rate_card.key == key)
