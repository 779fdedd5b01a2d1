"""Which periods of a customer a backtest compares, and which lines the same periods have under another plan."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from meterhouse.billing.reconcile import targets_of
from meterhouse.billing.rests import Cuts
from meterhouse.catalog.plan import PlanPhase, PlanSpec
from meterhouse.kernel.errors import InvalidInput, Problem
from meterhouse.kernel.instant import format_rfc3339
from meterhouse.kernel.period import Period
from meterhouse.subscriptions.model import Subscription
from meterhouse.subscriptions.phase import SubscriptionPhase
from meterhouse.subscriptions.span import earliest
from meterhouse.subscriptions.spec import item_of
from meterhouse.subscriptions.target import TargetLine

_INSTANT = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Stretch:
    """Complete billing periods of a subscription, one after the other."""

    subscription: Subscription
    period: Period
    periods: int


def last_stretches(
    subscriptions: Iterable[Subscription], plan_key: str, periods: int, as_of: datetime
) -> list[Stretch]:
    """The customer's last `periods` billing periods that ended by `as_of`, by subscription, the latest first.

    Of subscriptions that run at the same time one is compared: that to the plan's key, or else the youngest. A period
    that a subscription's start, end or phase cuts short counts as one. There may be fewer than asked for.

    Raises:
        InvalidInput: there is none.
    """
    found: list[Stretch] = []
    for subscription in _one_at_a_time(subscriptions, plan_key):
        complete = list(_complete(subscription, periods - sum(stretch.periods for stretch in found), as_of))
        if complete:
            found.append(Stretch(subscription, Period(complete[-1].start, complete[0].end), len(complete)))
    if not found:
        raise unmatched("no_complete_period", f"no billing period of the customer has ended by {format_rfc3339(as_of)}")
    return found


def under(plan: PlanSpec, subscription: Subscription) -> Subscription:
    """The subscription as if it had always been to `plan`: its own phases with the plan's rate cards.

    A phase begins and ends when it does, and takes the rate cards of the plan's phase of its key; a plan with one
    phase has it for all. Billing cadence and proration are the plan's; add-ons, and the features sold, stay.

    Raises:
        InvalidInput: the plan is in another currency, or has several phases and none of a phase's key.
    """
    if plan.currency != subscription.currency:
        message = f"subscription {subscription.id} is in {subscription.currency}, the plan in {plan.currency}"
        raise unmatched("currency_mismatch", message)
    return replace(
        subscription,
        billing_cadence=plan.billing_cadence,
        is_prorated=plan.is_prorated,
        phases=tuple(_with_cards(phase, subscription, _matching(plan, phase)) for phase in subscription.phases),
    )


def targets_within(stretch: Stretch, subscription: Subscription, parted: Cuts) -> list[TargetLine]:
    """What `subscription`, the stretch's own or another in its place, asks for whose service starts in the stretch.

    Usage that was billed in parts is asked for as a whole: that is what the parts come to.

    Raises:
        InvalidInput: a metered line charges beyond the stretch: what it comes to is not known yet.
    """
    found = targets_of({subscription.id: subscription}, parted, stretch.period.end, divides_usage=False)
    within = [line for _, line in found.values() if stretch.period.contains(line.service_period.start)]
    for line in within:
        if line.rate_card.is_metered and line.service_period.end > stretch.period.end:
            message = f"{line.rate_card.key} charges usage of {line.service_period}, beyond the periods compared"
            raise unmatched("period_not_complete", message)
    return within


def unmatched(code: str, message: str) -> InvalidInput:
    """Why a customer cannot be compared."""
    return InvalidInput(message, [Problem("", code, message)])


def _one_at_a_time(subscriptions: Iterable[Subscription], plan_key: str) -> list[Subscription]:
    """Those that are compared, the latest first."""
    chosen: list[Subscription] = []
    by_rank = sorted(subscriptions, key=lambda one: (_key_of(one) == plan_key, one.active_from), reverse=True)
    for one in by_rank:
        if not any(one.overlaps(other) for other in chosen):
            chosen.append(one)
    return sorted(chosen, key=lambda one: one.active_from, reverse=True)


def _key_of(subscription: Subscription) -> str | None:
    return None if subscription.plan is None else subscription.plan.key


def _complete(subscription: Subscription, most: int, as_of: datetime) -> Iterator[Period]:
    """Complete billing periods, the last first."""
    end = earliest(as_of, subscription.active_to)
    while most > 0 and end is not None and end > subscription.active_from:
        period = subscription.billing_period_at(end - _INSTANT)
        if period is None:
            return
        if period.end <= as_of:
            yield period
            most -= 1
        end = period.start


def _matching(plan: PlanSpec, phase: SubscriptionPhase) -> PlanPhase:
    if len(plan.phases) == 1:
        return plan.phases[0]
    for one in plan.phases:
        if one.key == phase.key:
            return one
    raise unmatched("phase_not_matched", f"the plan has several phases and none of them is {phase.key!r}")


def _with_cards(phase: SubscriptionPhase, subscription: Subscription, planned: PlanPhase) -> SubscriptionPhase:
    sold = {item.rate_card.feature_key: item.feature_id for item in subscription.items}
    items = (item_of(subscription.id, phase, card, phase.active_from) for card in planned.rate_cards)
    named = (replace(item, feature_id=sold.get(item.rate_card.feature_key)) for item in items)
    return replace(phase, items=tuple(named))
