"""Add-ons of subscriptions, each use case in a unit of work of its own; and what keeps edits off them."""

from collections.abc import Callable, Sequence
from datetime import datetime

from meterhouse.kernel.errors import Problem
from meterhouse.platform import clock, ids
from meterhouse.platform.work import Begin
from meterhouse.subscriptions.addon import SubscriptionAddon
from meterhouse.subscriptions.addons import (
    AddonChange,
    AddonStore,
    NewAddon,
    add_addon_in,
    change_addon_in,
    found_addon,
)
from meterhouse.subscriptions.model import Subscription
from meterhouse.subscriptions.ports import Subscriptions
from meterhouse.subscriptions.saving import found, lock_customer_of

Told = tuple[Subscription, SubscriptionAddon]


class AddonService:
    def __init__(
        self,
        begin: Begin[AddonStore],
        now: Callable[[], datetime] = clock.now,
        new_id: Callable[[], str] = ids.new_id,
    ) -> None:
        self._begin = begin
        self._now = now
        self._new_id = new_id

    def add(self, namespace: str, subscription_id: str, wanted: NewAddon) -> Told:
        """Raises as `add_addon_in`."""
        with self._begin(namespace) as work:
            # the clock is read under the lock: of two changes at once the later one is later
            lock_customer_of(work, subscription_id)
            done = add_addon_in(work, subscription_id, wanted, self._new_id(), self._now())
            work.commit()
        return done

    def change(self, namespace: str, subscription_id: str, addon_id: str, change: AddonChange) -> Told:
        """Raises as `change_addon_in`."""
        with self._begin(namespace) as work:
            # the clock is read under the lock: of two changes at once the later one is later
            lock_customer_of(work, subscription_id)
            done = change_addon_in(work, subscription_id, addon_id, change, self._now())
            work.commit()
        return done

    def get(self, namespace: str, subscription_id: str, addon_id: str) -> Told:
        """Raises `NotFound`."""
        with self._begin(namespace) as work:
            subscription = found(work, subscription_id)
        return subscription, found_addon(subscription, addon_id)

    def of_subscription(self, namespace: str, subscription_id: str) -> Sequence[Told]:
        """All it ever had, in order of their purchase. Raises `NotFound`."""
        with self._begin(namespace) as work:
            subscription = found(work, subscription_id)
        return [(subscription, addon) for addon in subscription.addons]


class AddonGuard:
    """`meterhouse.subscriptions.ports.EditGuard`: what add-ons lie over is not changed under them."""

    def __init__(self, subscriptions: Subscriptions) -> None:
        self._subscriptions = subscriptions

    def against_editing(self, subscription_id: str, at: datetime) -> Sequence[Problem]:
        subscription = self._subscriptions.find(subscription_id)
        there = [] if subscription is None else [addon for addon in subscription.addons if addon.is_there(at)]
        return [
            Problem("", "subscription_has_addons", f"add-on {addon.addon.key!r} lies over it: remove it first")
            for addon in there
        ]
