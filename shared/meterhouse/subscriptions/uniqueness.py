"""What a customer may have at one time: one subscription, or several that share no feature."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from meterhouse.kernel.errors import Conflict, Problem
from meterhouse.subscriptions.model import Subscription
from meterhouse.subscriptions.span import Span


@dataclass(frozen=True, slots=True)
class Claim:
    """That an item with a price or an entitlement has the feature for a time.

    `is_metered`: its usage is charged for.
    """

    item_id: str
    feature_key: str
    feature_id: str | None
    is_metered: bool
    span: Span

    def overlaps(self, other: "Claim") -> bool:
        return self.feature_key == other.feature_key and self.span.meets(other.span)


def claims(subscription: Subscription) -> list[Claim]:
    """What the subscription claims, as its own end cuts it; nothing once it is deleted."""
    if subscription.deleted_at is not None:
        return []
    cards = ((item, item.rate_card) for phase in subscription.effective_phases() for item in phase.items)
    return [
        Claim(item.id, card.feature_key, item.feature_id, card.is_metered, item.span)
        for item, card in cards
        if card.feature_key is not None and (card.price is not None or card.entitlement is not None)
    ]


def clashing(
    wanted: Subscription, others: Iterable[Subscription], *, several_allowed: bool
) -> Iterator[tuple[Subscription, Conflict]]:
    """Those of the customer's other subscriptions that cannot be beside `wanted`, each with the reason."""
    for other in others:
        if other.id == wanted.id or not other.overlaps(wanted):
            continue
        if not several_allowed:
            yield other, _only_one(other)
        elif shared := _shared(wanted, other):
            yield other, _only_one_item(other, shared)


def _shared(one: Subscription, other: Subscription) -> set[str]:
    theirs = claims(other)
    return {mine.feature_key for mine in claims(one) if any(mine.overlaps(claim) for claim in theirs)}


def _only_one(other: Subscription) -> Conflict:
    return Conflict(
        f"the customer has subscription {other.id} in that time",
        "only_single_subscription_allowed_per_customer_at_a_time",
    )


def _only_one_item(other: Subscription, features: set[str]) -> Conflict:
    code = "only_single_subscription_item_allowed_at_a_time"
    problems = [
        Problem("", code, f"subscription {other.id} has an item for feature {key!r} in that time")
        for key in sorted(features)
    ]
    return Conflict("of a feature, one item is in force at a time", code, problems)
