"""An entitlement ends; what happened under it stays."""

from collections.abc import Callable
from datetime import datetime

from meterhouse.entitlements.entitlement import Entitlement
from meterhouse.entitlements.events import entitlement_deleted
from meterhouse.entitlements.holder import Holder, customer_of, lock_entitlement
from meterhouse.entitlements.ports import Store
from meterhouse.kernel.errors import Forbidden
from meterhouse.platform import clock
from meterhouse.platform.work import Begin


class EndEntitlement:
    def __init__(self, begin: Begin[Store], now: Callable[[], datetime] = clock.now) -> None:
        self._begin = begin
        self._now = now

    def __call__(self, namespace: str, holder: Holder, id_or_feature_key: str) -> None:
        """End it now.

        Raises:
            NotFound: there is no such customer or entitlement, or it is over.
            Forbidden: a subscription manages it.
        """
        with self._begin(namespace) as work:
            customer, _ = customer_of(work.store, holder)
            before, at = lock_entitlement(work, customer.id, id_or_feature_key, self._now)
            refuse_managed(before)
            work.publish(entitlement_deleted(end(work.store, before, at)))
            work.commit()


def end(store: Store, entitlement: Entitlement, at: datetime) -> Entitlement:
    """Store its end at `at`; the caller holds its lock."""
    ended = entitlement.ended(at)
    store_end(store, ended, at)
    return ended


def store_end(store: Store, entitlement: Entitlement, since: datetime) -> None:
    """Store the end as it is now, which moves no balance before `since`; the caller holds the lock."""
    store.entitlements.update(entitlement)
    store.snapshots.forget_after(entitlement.id, since, entitlement.changes)


def refuse_managed(entitlement: Entitlement) -> None:
    if entitlement.managed_by is not None:
        raise Forbidden(f"the entitlement is managed by subscription {entitlement.managed_by}")
