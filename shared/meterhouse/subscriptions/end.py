"""Use cases that end a subscription, or undo that. Each works in an open unit of work; the caller commits."""

from dataclasses import replace
from datetime import datetime

from meterhouse.platform.work import Work
from meterhouse.subscriptions import transitions
from meterhouse.subscriptions.model import Subscription
from meterhouse.subscriptions.ports import SubscriptionStore
from meterhouse.subscriptions.saving import change, clashes, held, refuse_clash, save
from meterhouse.subscriptions.timing import Timing


def cancel_in(work: Work[SubscriptionStore], subscription_id: str, timing: Timing, now: datetime) -> Subscription:
    """End it; nothing changes if it ends then already. Raises as `transitions.canceled`, and `NotFound`."""
    return change(work, subscription_id, "canceled", lambda current: transitions.canceled(current, timing, now))


def continue_in(work: Work[SubscriptionStore], subscription_id: str, now: datetime) -> Subscription:
    """Let a canceled one run on.

    Raises:
        NotFound: there is no such subscription.
        Conflict: it is not canceled, or another subscription of the customer cannot be beside it.
    """

    def run_on(current: Subscription) -> Subscription:
        continued = transitions.continued(current, now)
        refuse_clash(work.store, continued)
        return continued

    return change(work, subscription_id, "continued", run_on)


def restore_in(work: Work[SubscriptionStore], subscription_id: str, now: datetime) -> Subscription:
    """Let a canceled one run on; those scheduled later that cannot be beside it, or were to follow it, are deleted.

    Raises:
        NotFound: there is no such subscription.
        Conflict: it is not canceled, or what cannot be beside it has started.
    """
    current = held(work, subscription_id)
    continued = transitions.continued(current, now)
    unwanted = {other.id for other, _ in clashes(work.store, continued)}
    if current.superseding_id and work.store.subscriptions.find(current.superseding_id):
        unwanted.add(current.superseding_id)
    for other_id in sorted(unwanted):
        delete_in(work, other_id, now)
    return continue_in(work, subscription_id, now)


def delete_in(work: Work[SubscriptionStore], subscription_id: str, now: datetime) -> Subscription:
    """Delete one that has not started. What was to give way to it no longer names it, and still ends when it was to.

    Raises:
        NotFound: there is no such subscription.
        Conflict: it has started.
    """
    deleted = change(work, subscription_id, "deleted", lambda current: transitions.deleted(current, now))
    previous = work.store.subscriptions.find(deleted.previous_id) if deleted.previous_id else None
    if previous is not None and previous.superseding_id == deleted.id:
        save(work, previous, replace(previous, superseding_id=None, updated_at=now), "updated")
    return deleted
