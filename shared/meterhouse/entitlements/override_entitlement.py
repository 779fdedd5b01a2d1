"""Another entitlement takes the place of the one a customer has for a feature; the old one's history stays."""

from collections.abc import Callable
from datetime import datetime

from meterhouse.catalog.feature import Feature
from meterhouse.entitlements.end_entitlement import end, refuse_managed
from meterhouse.entitlements.entitle import lock_feature, named_feature, write_entitlement
from meterhouse.entitlements.entitlement import Entitlement
from meterhouse.entitlements.entitlement_rules import feature_pointer
from meterhouse.entitlements.events import entitlement_deleted
from meterhouse.entitlements.holder import Holder, Shown, found, lock_customer, lock_entitlement
from meterhouse.entitlements.ports import Store
from meterhouse.entitlements.spec import EntitlementSpec
from meterhouse.kernel.errors import InvalidInput, Problem
from meterhouse.platform import clock, ids
from meterhouse.platform.work import Begin, Work


class OverrideEntitlement:
    def __init__(
        self,
        begin: Begin[Store],
        now: Callable[[], datetime] = clock.now,
        new_id: Callable[[], str] = ids.new_id,
    ) -> None:
        self._begin = begin
        self._now = now
        self._new_id = new_id

    def __call__(self, namespace: str, holder: Holder, id_or_feature_key: str, spec: EntitlementSpec) -> Shown:
        """End the entitlement and begin the other at one instant; the spec may leave out the feature.

        Raises:
            NotFound: there is no such customer or entitlement, or it is over.
            Forbidden: a subscription manages it.
            InvalidInput: another feature; or as `Entitle`.
            Conflict: as `Entitle`: one that was to follow.
        """
        with self._begin(namespace) as work:
            customer, subject_key = lock_customer(work, holder)
            before = found(work.store, customer.id, id_or_feature_key, self._now())
            lock_feature(work, customer.id, before.feature_key)
            before, at = lock_entitlement(work, customer.id, id_or_feature_key, self._now)
            refuse_managed(before)
            made = self._superseded(work, customer.id, before, spec, at)
            work.commit()
        return Shown(made, customer, subject_key)

    def _superseded(
        self, work: Work[Store], customer_id: str, before: Entitlement, spec: EntitlementSpec, at: datetime
    ) -> Entitlement:
        feature = _same_feature(work.store, before, spec)
        ended = end(work.store, before, at)
        made = write_entitlement(work, customer_id, feature, spec, at, self._new_id)
        work.publish(entitlement_deleted(ended, superseded_by=made.id))
        return made


def _same_feature(store: Store, before: Entitlement, spec: EntitlementSpec) -> Feature:
    if spec.feature_id is None and spec.feature_key is None:
        feature = store.features.find(before.feature_key) or store.features.find(before.feature_id)
        if feature is not None:
            return feature
    feature = named_feature(store, spec)
    if feature.key != before.feature_key:
        message = f"the entitlement is for feature {before.feature_key!r}, and so must be what takes its place"
        raise InvalidInput("an override keeps the feature", [Problem(feature_pointer(spec), "other_feature", message)])
    return feature
