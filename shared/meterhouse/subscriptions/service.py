"""Use cases on subscriptions that exist; `create.py` makes new ones."""

from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from typing import Protocol

from meterhouse.catalog.feature import Feature
from meterhouse.customers.model import Customer
from meterhouse.kernel.errors import Conflict, NotFound
from meterhouse.platform.work import Begin, Work
from meterhouse.subscriptions import transitions
from meterhouse.subscriptions.events import event
from meterhouse.subscriptions.model import Subscription, SubscriptionStatus
from meterhouse.subscriptions.timing import Timing


class Subscriptions(Protocol):
    def find(self, subscription_id: str) -> Subscription | None: ...
    def of_customer(self, customer_id: str) -> list[Subscription]: ...
    def add(self, subscription: Subscription) -> None: ...
    def update(self, subscription: Subscription) -> None: ...


class FoundCustomers(Protocol):
    def find(self, id_or_key: str) -> Customer | None: ...


class Features(Protocol):
    def by_keys(self, keys: Collection[str]) -> Mapping[str, Feature]:
        """For each key the live feature, or the one archived last."""


class SubscriptionStore(Protocol):
    @property
    def subscriptions(self) -> Subscriptions: ...
    @property
    def customers(self) -> FoundCustomers: ...
    @property
    def features(self) -> Features: ...


class SubscriptionService:
    """One customer's subscriptions are changed by one transaction at a time."""

    def __init__(self, begin: Begin[SubscriptionStore], now: Callable[[], datetime]) -> None:
        self._begin = begin
        self._now = now

    def get(self, namespace: str, subscription_id: str) -> Subscription:
        """Raises `NotFound`."""
        with self._begin(namespace) as work:
            return _found(work, subscription_id)

    def get_with_features(self, namespace: str, subscription_id: str) -> tuple[Subscription, Mapping[str, Feature]]:
        """The subscription, and by key the features its items are for. Raises `NotFound`."""
        with self._begin(namespace) as work:
            subscription = _found(work, subscription_id)
            return subscription, work.store.features.by_keys(subscription.feature_keys())

    def of_customer(
        self, namespace: str, id_or_key: str, statuses: Collection[SubscriptionStatus] = ()
    ) -> list[Subscription]:
        """A customer's subscriptions by their start; only those in one of `statuses` now, if any are given.

        Raises:
            NotFound: there is no such customer.
        """
        now = self._now()
        with self._begin(namespace) as work:
            customer = work.store.customers.find(id_or_key)
            if customer is None:
                raise NotFound("customer", id_or_key)
            found = work.store.subscriptions.of_customer(customer.id)
        return [one for one in found if not statuses or one.status_at(now) in statuses]

    def cancel(self, namespace: str, subscription_id: str, timing: Timing) -> Subscription:
        """End it; nothing changes if it ends then already. Raises as `transitions.canceled`, and `NotFound`."""
        now = self._now()
        return self._change(
            namespace, subscription_id, "canceled", lambda _, current: transitions.canceled(current, timing, now)
        )

    def unschedule_cancelation(self, namespace: str, subscription_id: str) -> Subscription:
        """Let it run on.

        Raises:
            Conflict: it is not canceled, or another subscription of the customer follows.
        """
        now = self._now()

        def run_on(work: Work[SubscriptionStore], current: Subscription) -> Subscription:
            continued = transitions.continued(current, now)
            refuse_overlap(work.store.subscriptions, continued)
            return continued

        return self._change(namespace, subscription_id, "continued", run_on)

    def delete(self, namespace: str, subscription_id: str) -> None:
        """Delete one that has not started. Raises `Conflict` afterwards, and `NotFound`."""
        now = self._now()
        self._change(namespace, subscription_id, "deleted", lambda _, current: transitions.deleted(current, now))

    def _change(
        self,
        namespace: str,
        subscription_id: str,
        what: str,
        change: Callable[[Work[SubscriptionStore], Subscription], Subscription],
    ) -> Subscription:
        with self._begin(namespace) as work:
            lock_customer(work, _found(work, subscription_id).customer_id)
            current = _found(work, subscription_id)
            changed = change(work, current)
            if changed != current:
                work.store.subscriptions.update(changed)
                work.publish(event(what, changed))
                work.commit()
        return changed


def lock_customer(work: Work[SubscriptionStore], customer_id: str) -> None:
    """Subscriptions and invoices of one customer wait for each other."""
    work.lock("customer", customer_id)


def refuse_overlap(subscriptions: Subscriptions, wanted: Subscription) -> None:
    """Raise `Conflict` if the customer has another subscription in force at some instant of `wanted`."""
    for other in subscriptions.of_customer(wanted.customer_id):
        if other.id != wanted.id and other.overlaps(wanted):
            raise Conflict(
                f"the customer has subscription {other.id} in that time",
                "only_single_subscription_allowed_per_customer_at_a_time",
            )


def _found(work: Work[SubscriptionStore], subscription_id: str) -> Subscription:
    subscription = work.store.subscriptions.find(subscription_id)
    if subscription is None:
        raise NotFound("subscription", subscription_id)
    return subscription
