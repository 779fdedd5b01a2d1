"""A subscription with what its items refer to."""

from collections.abc import Mapping
from dataclasses import dataclass

from meterhouse.catalog.feature import Feature
from meterhouse.entitlements.holder import Shown
from meterhouse.platform.work import Work
from meterhouse.subscriptions.included import standing_for
from meterhouse.subscriptions.model import Subscription
from meterhouse.subscriptions.phase import SubscriptionItem
from meterhouse.subscriptions.ports import SubscriptionStore


@dataclass(frozen=True, slots=True)
class FullSubscription:
    """Features by id, and by the key of items that know no id; entitlements by the id of an item that includes them."""

    subscription: Subscription
    features: Mapping[str, Feature]
    features_of_keys: Mapping[str, Feature]
    entitlements: Mapping[str, Shown]

    def feature_of(self, item: SubscriptionItem) -> Feature | None:
        if item.feature_id is None:
            return self.features_of_keys.get(item.rate_card.feature_key or "")
        return self.features.get(item.feature_id)

    def entitlement_of(self, item: SubscriptionItem) -> Shown | None:
        return self.entitlements.get(item.id)


def in_full(work: Work[SubscriptionStore], subscription: Subscription) -> FullSubscription:
    entitlements = work.store.entitlements.by_item(subscription.id)
    items = [item for phase in subscription.effective_phases() for item in phase.items]
    return FullSubscription(
        subscription,
        work.store.features.by_ids({item.feature_id for item in items if item.feature_id}),
        work.store.features.by_keys({item.rate_card.feature_key or "" for item in items if not item.feature_id} - {""}),
        {item: entitlements[named] for item, named in standing_for(subscription).items() if named in entitlements},
    )
