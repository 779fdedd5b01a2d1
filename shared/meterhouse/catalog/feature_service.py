"""Features of a namespace: create, show, list, archive."""

from datetime import datetime

from meterhouse.catalog.feature import Feature, FeatureSpec, check_group_bys
from meterhouse.catalog.ports import CatalogStore, FeatureFilter, KnownMeter, Slice
from meterhouse.catalog.unit_cost import LlmUnitCost
from meterhouse.catalog.use_case import UseCase
from meterhouse.kernel.errors import Conflict, NotFound, Problem, Problems
from meterhouse.kernel.ids import is_ulid
from meterhouse.platform.outbox import DomainEvent


class FeatureService(UseCase):
    def create(self, namespace: str, spec: FeatureSpec, filters_at: str = "/advancedMeterGroupByFilters") -> Feature:
        """Add a feature; `filters_at` is the pointer to the form in which its author gave the filters.

        Raises:
            InvalidInput: the key looks like an id; there is no such meter, or it does not group by a key that is read;
                tokens are to be priced of a meter that does not sum.
            Conflict: `feature_key_conflict`: a live feature has the key.
        """
        at = self._now()
        with self._begin(namespace) as work:
            meter = _checked_meter(work.store, spec, filters_at)
            if meter is not None:
                work.lock("meter", meter.id)
                meter = _checked_meter(work.store, spec, filters_at)
            meter_id = None if meter is None else meter.id
            feature = Feature(self._new_id(), spec, created_at=at, updated_at=at, meter_id=meter_id)
            if not work.store.features.add(feature):
                problem = Problem("/key", "feature_key_conflict", f"a live feature has the key {spec.key!r}")
                raise Conflict("the key is taken", problem.code, [problem])
            work.publish(self._event("feature.created", feature))
            work.commit()
        return feature

    def get(self, namespace: str, id_or_key: str) -> Feature:
        """A feature by id, archived or not, or a live one by key.

        Raises:
            NotFound: there is no such feature.
        """
        with self._begin(namespace) as work:
            return _found(work.store, id_or_key)

    def page(self, namespace: str, wanted: FeatureFilter, rows: Slice) -> tuple[list[Feature], int]:
        with self._begin(namespace) as work:
            return work.store.features.page(wanted, rows)

    def archive(self, namespace: str, id_or_key: str) -> None:
        """Archive a feature; its key becomes free. Archiving again changes nothing.

        Raises:
            NotFound: there is no such feature.
            Conflict: `feature_in_use`: plans or add-ons on sale, now or soon, sell it. Who has bought it keeps it.
        """
        with self._begin(namespace) as work:
            at = self._alone(work)
            feature = _found(work.store, id_or_key)
            if feature.archived_at is not None:
                return
            _refuse_if_in_use(work.store, feature.key, at)
            archived = feature.archived(at)
            work.store.features.archive(archived)
            work.publish(self._event("feature.archived", archived))
            work.commit()

    def _event(self, kind: str, feature: Feature) -> DomainEvent:
        data = {"featureId": feature.id, "key": feature.key}
        return DomainEvent(self._new_id(), kind, f"feature/{feature.id}", feature.updated_at, data)


def _found(store: CatalogStore, id_or_key: str) -> Feature:
    feature = store.features.find(id_or_key)
    if feature is None:
        raise NotFound("feature", id_or_key)
    return feature


def _refuse_if_in_use(store: CatalogStore, key: str, at: datetime) -> None:
    selling = [f"plan {plan.key} version {plan.version}" for plan in store.plans.selling(key, at)]
    selling += [f"add-on {addon.key} version {addon.version}" for addon in store.addons.selling(key, at)]
    if selling:
        raise Conflict(f"feature {key!r} is sold by {', '.join(selling)}", "feature_in_use")


def _checked_meter(store: CatalogStore, spec: FeatureSpec, filters_at: str) -> KnownMeter | None:
    problems = Problems()
    if is_ulid(spec.key):
        problems.add("/key", "key_looks_like_id", "a key must not have the form of an id")
    meter = None if spec.meter_slug is None else store.meters.find(spec.meter_slug)
    if spec.meter_slug is None and spec.group_bys:
        message = "filters, and unit costs that events tell, need a meter"
        problems.add("/meterSlug", "meter_required", message)
    elif spec.meter_slug is not None and (meter is None or meter.slug != spec.meter_slug):
        problems.add("/meterSlug", "meter_not_found", f"there is no meter {spec.meter_slug!r}")
    elif meter is not None:
        check_group_bys(spec, meter.group_by, filters_at, problems)
        _check_unit_cost(spec, meter, problems)
    problems.raise_if_any("the feature cannot be created")
    return meter


def _check_unit_cost(spec: FeatureSpec, meter: KnownMeter, problems: Problems) -> None:
    if isinstance(spec.unit_cost, LlmUnitCost) and not meter.aggregation.is_summable:
        message = f"meter {meter.slug} is no sum: its tokens cannot be priced one by one"
        problems.add("/unitCost/type", "meter_not_summable", message)
