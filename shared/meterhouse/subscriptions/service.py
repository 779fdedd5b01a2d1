"""The room's use cases, each in a unit of work of its own: begun, done, committed."""

from collections.abc import Callable, Collection
from datetime import datetime
from typing import TypeVar

from meterhouse.kernel.errors import Conflict, NotFound
from meterhouse.platform import clock, ids
from meterhouse.platform.work import Begin, Work
from meterhouse.subscriptions.addons import AddonStore
from meterhouse.subscriptions.change import Changed, Migration, change_in, migrate_in
from meterhouse.subscriptions.create import NewSubscription, create_in
from meterhouse.subscriptions.edit import Edit, edit_in
from meterhouse.subscriptions.end import cancel_in, continue_in, delete_in, restore_in
from meterhouse.subscriptions.full import FullSubscription, in_full
from meterhouse.subscriptions.model import Subscription, SubscriptionStatus
from meterhouse.subscriptions.sale import Wanted
from meterhouse.subscriptions.saving import found, lock_customer_of, locked_customer
from meterhouse.subscriptions.timing import Timing

T = TypeVar("T")


class SubscriptionService:
    """One customer's subscriptions are changed by one transaction at a time."""

    def __init__(
        self,
        begin: Begin[AddonStore],
        now: Callable[[], datetime] = clock.now,
        new_id: Callable[[], str] = ids.new_id,
    ) -> None:
        self._begin = begin
        self._now = now
        self._new_id = new_id

    def get(self, namespace: str, subscription_id: str) -> Subscription:
        """Raises `NotFound`."""
        with self._begin(namespace) as work:
            return found(work, subscription_id)

    def get_in_full(self, namespace: str, subscription_id: str) -> FullSubscription:
        """Raises `NotFound`."""
        with self._begin(namespace) as work:
            return in_full(work, found(work, subscription_id))

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
            all_ = work.store.subscriptions.of_customer(customer.id)
        return [one for one in all_ if not statuses or one.status_at(now) in statuses]

    def create(self, namespace: str, wanted: NewSubscription) -> Subscription:
        """Raises as `create_in`."""
        with self._begin(namespace) as work:
            # the clock is read under the lock: of two changes at once the later one is later
            locked_customer(work, wanted.customer)
            made = create_in(work, wanted, self._new_id(), self._now())
            work.commit()
        return made

    def cancel(self, namespace: str, subscription_id: str, timing: Timing) -> Subscription:
        """Raises as `cancel_in`."""
        return self._done(namespace, subscription_id, lambda work, now: cancel_in(work, subscription_id, timing, now))

    def unschedule_cancelation(self, namespace: str, subscription_id: str) -> Subscription:
        """Raises as `continue_in`."""
        return self._done(namespace, subscription_id, lambda work, now: continue_in(work, subscription_id, now))

    def delete(self, namespace: str, subscription_id: str) -> None:
        """Raises as `delete_in`."""
        self._done(namespace, subscription_id, lambda work, now: delete_in(work, subscription_id, now))

    def restore(self, namespace: str, subscription_id: str) -> Subscription:
        """Raises as `restore_in`."""
        return self._done(namespace, subscription_id, lambda work, now: restore_in(work, subscription_id, now))

    def edit(self, namespace: str, subscription_id: str, edit: Edit) -> Subscription:
        """Raises as `edit_in`."""
        return self._done(namespace, subscription_id, lambda work, now: edit_in(work, subscription_id, edit, now))

    def change(self, namespace: str, subscription_id: str, wanted: Wanted) -> Changed:
        """Raises as `change_in`."""
        new_id = self._new_id()
        return self._done(
            namespace, subscription_id, lambda work, now: change_in(work, subscription_id, wanted, new_id, now)
        )

    def migrate(self, namespace: str, subscription_id: str, migration: Migration) -> Changed:
        """Raises as `migrate_in`."""
        return self._done(
            namespace,
            subscription_id,
            lambda work, now: migrate_in(work, subscription_id, migration, self._new_id, now),
        )

    def allows_several(self, namespace: str) -> bool:
        """Whether the namespace's customers may have several subscriptions at a time."""
        with self._begin(namespace) as work:
            return work.store.settings.allows_several()

    def allow_several(self, namespace: str, *, is_allowed: bool) -> None:
        """Settle whether customers may have several subscriptions at a time.

        Raises:
            Conflict: customers have several that do not allow to go back to one.
        """
        with self._begin(namespace) as work:
            if not work.store.settings.allow_several(self._now(), is_allowed=is_allowed):
                message = "customers have several subscriptions at a time"
                raise Conflict(message, "customers_have_several_subscriptions")
            work.commit()

    def _done(self, namespace: str, subscription_id: str, use_case: Callable[[Work[AddonStore], datetime], T]) -> T:
        with self._begin(namespace) as work:
            # as in `create`
            lock_customer_of(work, subscription_id)
            done = use_case(work, self._now())
            work.commit()
        return done
