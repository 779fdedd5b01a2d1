"""Use cases that end a subscription, or undo that. Each works in an open unit of work; the caller commits."""

from datetime import datetime

from meterhouse.platform.work import Work
from meterhouse.subscriptions import transitions
from meterhouse.subscriptions.model import Subscription
from meterhouse.subscriptions.ports import SubscriptionStore
from meterhouse.subscriptions.saving import change, refuse_overlap
from meterhouse.subscriptions.timing import Timing


def cancel_in(work: Work[SubscriptionStore], subscription_id: str, timing: Timing, now: datetime) -> Subscription:
    """End it; nothing changes if it ends then already. Raises as `transitions.canceled`, and `NotFound`."""
    return change(work, subscription_id, "canceled", lambda current: transitions.canceled(current, timing, now))


def continue_in(work: Work[SubscriptionStore], subscription_id: str, now: datetime) -> Subscription:
    """Let a canceled one run on.

    Raises:
        NotFound: there is no such subscription.
        Conflict: it is not canceled, or another subscription of the customer follows.
    """

    def run_on(current: Subscription) -> Subscription:
        continued = transitions.continued(current, now)
        refuse_overlap(work.store.subscriptions, continued)
        return continued

    return change(work, subscription_id, "continued", run_on)


def delete_in(work: Work[SubscriptionStore], subscription_id: str, now: datetime) -> Subscription:
    """Delete one that has not started. Raises `Conflict` afterwards, and `NotFound`."""
    return change(work, subscription_id, "deleted", lambda current: transitions.deleted(current, now))
