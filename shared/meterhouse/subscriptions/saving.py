"""The one place where subscriptions are held for a change and written, with their events; the caller commits."""

from collections.abc import Callable, Iterator

from meterhouse.customers.model import Customer
from meterhouse.kernel.errors import Conflict, NotFound
from meterhouse.platform.work import Work
from meterhouse.subscriptions.events import event
from meterhouse.subscriptions.model import Subscription
from meterhouse.subscriptions.ports import SubscriptionStore
from meterhouse.subscriptions.uniqueness import clashing


def save(work: Work[SubscriptionStore], before: Subscription | None, after: Subscription, what: str) -> Subscription:
    """Write the subscription as it is now and tell that it was `what`; nothing if it is as it was `before`.

    Its entitlements follow it.

    Raises:
        Conflict: the customer has an entitlement that is in their way; see `ports.Entitlements`.
    """
    if before == after:
        return after
    if before is None:
        work.store.subscriptions.add(after)
    else:
        work.store.subscriptions.update(before, after)
    work.store.entitlements.settle(after)
    work.publish(event(what, after))
    return after


def change(
    work: Work[SubscriptionStore], subscription_id: str, what: str, changed: Callable[[Subscription], Subscription]
) -> Subscription:
    """Hold the subscription and save what `changed` makes of it. Raises as `held` and `changed` do."""
    current = held(work, subscription_id)
    return save(work, current, changed(current), what)


def held(work: Work[SubscriptionStore], subscription_id: str) -> Subscription:
    """The subscription as it is once nobody else works on its customer. Raises `NotFound`."""
    lock_customer_of(work, subscription_id)
    return found(work, subscription_id)


def lock_customer_of(work: Work[SubscriptionStore], subscription_id: str) -> None:
    """Raises `NotFound`."""
    lock_customer(work, found(work, subscription_id).customer_id)


def locked_customer(work: Work[SubscriptionStore], id_or_key: str) -> Customer | None:
    """The customer as it is once nobody else works on it; found before the lock, it may have changed meanwhile."""
    customer = work.store.customers.find(id_or_key)
    if customer is None:
        return None
    lock_customer(work, customer.id)
    return work.store.customers.find(customer.id)


def found(work: Work[SubscriptionStore], subscription_id: str) -> Subscription:
    """Raises `NotFound`."""
    subscription = work.store.subscriptions.find(subscription_id)
    if subscription is None:
        raise NotFound("subscription", subscription_id)
    return subscription


def lock_customer(work: Work[SubscriptionStore], customer_id: str) -> None:
    """Subscriptions and invoices of one customer wait for each other."""
    work.lock("customer", customer_id)


def refuse_clash(store: SubscriptionStore, wanted: Subscription) -> None:
    """Raise `Conflict` if another subscription of the customer cannot be beside `wanted`."""
    for _, conflict in clashes(store, wanted):
        raise conflict


def clashes(store: SubscriptionStore, wanted: Subscription) -> Iterator[tuple[Subscription, Conflict]]:
    """See `clashing`."""
    others = store.subscriptions.of_customer(wanted.customer_id)
    return clashing(wanted, others, several_allowed=store.settings.allows_several())
