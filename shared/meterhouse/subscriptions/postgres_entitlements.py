"""The entitlements of subscriptions, kept by their own room in the same transaction."""

from collections.abc import Mapping

from meterhouse.entitlements.holder import Shown
from meterhouse.entitlements.postgres import PostgresStore
from meterhouse.entitlements.service import shown
from meterhouse.entitlements.settle_managed import settle_managed
from meterhouse.platform.postgres import PostgresWork
from meterhouse.platform.postgres_transaction import Transaction
from meterhouse.subscriptions.included import included
from meterhouse.subscriptions.model import Subscription


class ManagedEntitlements:
    """`meterhouse.subscriptions.ports.Entitlements`."""

    def __init__(self, transaction: Transaction) -> None:
        self._work = PostgresWork(transaction, PostgresStore(transaction))

    def settle(self, subscription: Subscription) -> None:
        wanted, at = included(subscription), subscription.updated_at
        settle_managed(self._work, subscription.customer_id, subscription.id, wanted, at)

    def by_item(self, subscription_id: str) -> Mapping[str, Shown]:
        store = self._work.store
        there = [one for one in store.entitlements.managed_by(subscription_id) if one.deleted_at is None]
        return {one.entitlement.managed_item or "": one for one in shown(store, there)}
