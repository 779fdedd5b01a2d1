"""The room's use cases, each in a unit of work of its own: begun, done, committed."""

from collections.abc import Callable, Collection
from datetime import datetime
from typing import TypeVar

from meterhouse.kernel.errors import Conflict, NotFound
from meterhouse.platform import clock, ids
from meterhouse.platform.work import Begin, Work
from meterhouse.subscriptions.change import Changed, Migration, change_in, migrate_in
from meterhouse.subscriptions.create import NewSubscription, create_in
from meterhouse.subscriptions.edit import Edit, edit_in
from meterhouse.subscriptions.end import cancel_in, continue_in, delete_in, restore_in
from meterhouse.subscriptions.full import FullSubscription, in_full
from meterhouse.subscriptions.model import Subscription, SubscriptionStatus
from meterhouse.subscriptions.ports import SubscriptionStore
from meterhouse.subscriptions.sale import Wanted
from meterhouse.subscriptions.saving import found
from meterhouse.subscriptions.timing import Timing

T = TypeVar("T")


class SubscriptionService:
    """One customer's subscriptions are changed by one transaction at a time."""

    def __init__(
        self,
        begin: Begin[SubscriptionStore],
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
        return self._done(namespace, lambda work: create_in(work, wanted, self._new_id(), self._now()))

    def cancel(self, namespace: str, subscription_id: str, timing: Timing) -> Subscription:
        """Raises as `cancel_in`."""
        return self._done(namespace, lambda work: cancel_in(work, subscription_id, timing, self._now()))

    def unschedule_cancelation(self, namespace: str, subscription_id: str) -> Subscription:
        """Raises as `continue_in`."""
        return self._done(namespace, lambda work: continue_in(work, subscription_id, self._now()))

    def delete(self, namespace: str, subscription_id: str) -> None:
        """Raises as `delete_in`."""
        self._done(namespace, lambda work: delete_in(work, subscription_id, self._now()))

    def restore(self, namespace: str, subscription_id: str) -> Subscription:
        """Raises as `restore_in`."""
        return self._done(namespace, lambda work: restore_in(work, subscription_id, self._now()))

    def edit(self, namespace: str, subscription_id: str, edit: Edit) -> Subscription:
        """Raises as `edit_in`."""
        return self._done(namespace, lambda work: edit_in(work, subscription_id, edit, self._now()))

    def change(self, namespace: str, subscription_id: str, wanted: Wanted) -> Changed:
        """Raises as `change_in`."""
        return self._done(namespace, lambda work: change_in(work, subscription_id, wanted, self._new_id(), self._now()))

    def migrate(self, namespace: str, subscription_id: str, migration: Migration) -> Changed:
        """Raises as `migrate_in`."""
        return self._done(
            namespace, lambda work: migrate_in(work, subscription_id, migration, self._new_id(), self._now())
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

    def _done(self, namespace: str, use_case: Callable[[Work[SubscriptionStore]], T]) -> T:
        with self._begin(namespace) as work:
            done = use_case(work)
            work.commit()
        return done
