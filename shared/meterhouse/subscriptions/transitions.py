"""How a subscription moves between its states: active to canceled and back, scheduled to deleted."""

from dataclasses import replace
from datetime import datetime

from meterhouse.kernel.errors import Conflict
from meterhouse.subscriptions.model import Subscription, SubscriptionStatus
from meterhouse.subscriptions.timing import Timing, ends_at


def canceled(subscription: Subscription, timing: Timing, now: datetime) -> Subscription:
    """The subscription with its end set; unchanged if it ends then already.

    Raises:
        Conflict: it is not active, or canceled to another end.
        InvalidInput: see `ends_at`.
    """
    status = subscription.status_at(now)
    if status not in {SubscriptionStatus.ACTIVE, SubscriptionStatus.CANCELED}:
        raise _not_allowed("cancel", status)
    end = ends_at(replace(subscription, active_to=None), timing, now)
    if subscription.active_to == end:
        return subscription
    if status is SubscriptionStatus.CANCELED:
        raise _not_allowed("cancel", status)
    return replace(subscription, active_to=end, updated_at=now)


def continued(subscription: Subscription, now: datetime) -> Subscription:
    """The subscription without its end.

    Raises:
        Conflict: it is not canceled, or has ended.
    """
    status = subscription.status_at(now)
    if status is not SubscriptionStatus.CANCELED:
        raise _not_allowed("unschedule the cancelation of", status)
    return replace(subscription, active_to=None, superseding_id=None, updated_at=now)


def refuse_unless_active(subscription: Subscription, verb: str, now: datetime) -> None:
    """Raise `Conflict` unless the subscription is active, with no end set."""
    status = subscription.status_at(now)
    if status is not SubscriptionStatus.ACTIVE:
        raise _not_allowed(verb, status)


def deleted(subscription: Subscription, now: datetime) -> Subscription:
    """The subscription marked as deleted.

    Raises:
        Conflict: it has started.
    """
    status = subscription.status_at(now)
    if status is not SubscriptionStatus.SCHEDULED:
        raise _not_allowed("delete", status)
    return replace(subscription, deleted_at=now, updated_at=now)


def _not_allowed(verb: str, status: SubscriptionStatus) -> Conflict:
    return Conflict(f"cannot {verb} a subscription that is {status}", "subscription_state_forbids")
