"""A customer is entitled to a feature."""

from collections.abc import Callable
from datetime import datetime

from meterhouse.catalog.feature import Feature
from meterhouse.entitlements.entitlement import Entitlement
from meterhouse.entitlements.entitlement_rules import (
    Entitled,
    feature_pointer,
    first_grants,
    grants_to_be,
    new_entitlement,
)
from meterhouse.entitlements.events import entitlement_created, grant_created
from meterhouse.entitlements.holder import Holder, Shown, lock_customer
from meterhouse.entitlements.ports import Store
from meterhouse.entitlements.spec import EntitlementSpec
from meterhouse.kernel.errors import Conflict, InvalidInput, Problem, Problems
from meterhouse.metering.model import Meter
from meterhouse.platform import clock, ids
from meterhouse.platform.work import Begin, Work


class Entitle:
    """At most one entitlement of a customer and a feature key is active at any instant."""

    def __init__(
        self,
        begin: Begin[Store],
        now: Callable[[], datetime] = clock.now,
        new_id: Callable[[], str] = ids.new_id,
    ) -> None:
        self._begin = begin
        self._now = now
        self._new_id = new_id

    def __call__(self, namespace: str, holder: Holder, spec: EntitlementSpec) -> Shown:
        """Create an entitlement, with what it issues or the grants it comes with.

        Raises:
            NotFound: there is no such customer.
            InvalidInput: no such live feature, or it cannot be had like this; terms or grants that are not allowed.
            Conflict: `entitlement_already_exists`: the customer has one for the feature in that time.
        """
        with self._begin(namespace) as work:
            # the clock is read under the locks: of two at the same time the later one is later
            customer, subject_key = lock_customer(work, holder)
            feature = named_feature(work.store, spec)
            lock_feature(work, customer.id, feature.key)
            made = write_entitlement(work, customer.id, feature, spec, self._now(), self._new_id)
            work.commit()
        return Shown(made, customer, subject_key)


def named_feature(store: Store, spec: EntitlementSpec) -> Feature:
    """The feature the spec names, by id before key.

    Raises:
        InvalidInput: it names none, or none that there is.
    """
    named = spec.feature_id or spec.feature_key
    if named is None:
        problem = Problem("/featureKey", "feature_required", "featureKey or featureId is needed")
        raise InvalidInput("the entitlement names no feature", [problem])
    feature = store.features.find(named)
    if feature is None or named not in {feature.id, feature.key}:
        problem = Problem(feature_pointer(spec), "feature_not_found", f"there is no feature {named!r}")
        raise InvalidInput(f"there is no feature {named!r}", [problem])
    return feature


def lock_feature(work: Work[Store], customer_id: str, feature_key: str) -> None:
    work.lock("entitlements", customer_id, feature_key)


def write_entitlement(
    work: Work[Store],
    customer_id: str,
    feature: Feature,
    spec: EntitlementSpec,
    at: datetime,
    new_id: Callable[[], str],
) -> Entitlement:
    """Check and add it, with its grants; the caller holds the locks. Raises as `Entitle`."""
    problems = Problems()
    entitled = Entitled(customer_id, feature, _meter(work.store, feature))
    made = new_entitlement(new_id(), entitled, spec, at, problems)
    # in order of their ids, so that grants of one request are burnt in the order in which they were written
    grants = first_grants(made, spec, sorted(new_id() for _ in range(grants_to_be(spec))), problems)
    problems.raise_if_any("the entitlement cannot be created")
    refuse_overlap(work.store, made, at)
    work.store.entitlements.add(made)
    work.store.grants.add(grants)
    work.publish(entitlement_created(made), *(grant_created(grant, made) for grant in grants))
    return made


def refuse_overlap(store: Store, wanted: Entitlement, at: datetime) -> None:
    """Raise `Conflict` if the customer has another for the feature in that time."""
    for other in store.entitlements.not_over(wanted.customer_id, wanted.feature_key, min(at, wanted.active_from)):
        if other.id != wanted.id and wanted.overlaps(other):
            detail = f"the customer has entitlement {other.id} for feature {wanted.feature_key!r}"
            problem = Problem("/featureKey", "entitlement_already_exists", detail)
            raise Conflict(detail, problem.code, [problem], {"entitlementId": other.id})


def _meter(store: Store, feature: Feature) -> Meter | None:
    return None if feature.meter_id is None else store.meters.by_ids([feature.meter_id]).get(feature.meter_id)
