"""The steps of a change of the catalog: the use cases that it comes to, in order."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TypeVar

from meterhouse.catalog.addon_schema import AddonCreate, addon_spec
from meterhouse.catalog.addon_service import AddonSale, AddonService
from meterhouse.catalog.feature_schema import FeatureCreateInputs, feature_spec, filters_at
from meterhouse.catalog.feature_service import FeatureService
from meterhouse.catalog.plan_addon_schema import PlanAddonReplaceUpdate, plan_addon_terms
from meterhouse.catalog.plan_addon_service import PlanAddonService
from meterhouse.catalog.plan_sale import PlanSale
from meterhouse.catalog.plan_schema import plan_spec
from meterhouse.catalog.plan_service import PlanService
from meterhouse.catalog.ports import PlanAddonFilter, Slice, VersionOrder
from meterhouse.catalog.rehearse import Step
from meterhouse.catalog.rehearse_schema import CatalogChange, ChangedMeter, OfferedPlan, PlanAddons
from meterhouse.catalog.version import Status
from meterhouse.catalog.version_sale import VersionSale
from meterhouse.catalog.version_service import VersionService
from meterhouse.kernel.errors import NotFound
from meterhouse.metering.service import MeterService

T = TypeVar("T")
S = TypeVar("S")
Act = Callable[[str], object]
_ALL = Slice(VersionOrder.CREATED_AT, 1000, 0)


@dataclass(frozen=True, slots=True)
class Cast:
    """The use cases that a change is made of."""

    meters: MeterService
    features: FeatureService
    addons: AddonService
    addon_sale: AddonSale
    plans: PlanService
    plan_sale: PlanSale
    plan_addons: PlanAddonService

    def steps(self, change: CatalogChange) -> Iterator[Step]:
        yield from _each("meters", change.meters, lambda ns, one: self.meters.create(ns, one.spec()))
        yield from _each("changedMeters", change.changed_meters, self._change_meter)
        yield from _each("features", change.features, self._make_feature)
        yield from _each("draftAddons", change.draft_addons, self._draft_addon)
        yield from _each("addons", change.addons, self._sell_addon)
        # before the plans, so that none of them can go on selling it
        yield from _each("archivedAddons", change.archived_addons, _ends(self.addons, self.addon_sale))
        for name, plans in (("draftPlans", change.draft_plans), ("plans", change.plans)):
            for at, plan in _placed(name, plans):
                yield from self._plan_steps(at, plan, is_sold=name == "plans")
        for at, sold in _placed("planAddons", change.plan_addons):
            yield Step(at, _bound(self._clear_plan, sold))
            yield from self._assignments(at, [sold.key], sold.addons)
        yield from _each("archivedPlans", change.archived_plans, _ends(self.plans, self.plan_sale))
        yield from _each("archivedFeatures", change.archived_features, self.features.archive)

    def _change_meter(self, namespace: str, meter: ChangedMeter) -> None:
        self.meters.change(namespace, meter.slug, meter.change())

    def _make_feature(self, namespace: str, feature: FeatureCreateInputs) -> None:
        spec = feature_spec(feature)
        with suppress(NotFound):
            self.features.archive(namespace, spec.key)
        self.features.create(namespace, spec, filters_at(feature))

    def _draft_addon(self, namespace: str, addon: AddonCreate) -> str:
        return _drafted(self.addons, namespace, addon.key, addon_spec(addon))

    def _sell_addon(self, namespace: str, addon: AddonCreate) -> None:
        self.addon_sale.publish(namespace, self._draft_addon(namespace, addon))

    def _plan_steps(self, at: str, plan: OfferedPlan, *, is_sold: bool) -> Iterator[Step]:
        """Draft it, let it sell its add-ons, put it on sale; what stands on a draft that failed is not tried."""
        drafts: list[str] = []
        yield Step(at, lambda ns: drafts.append(_drafted(self.plans, ns, plan.key, plan_spec(plan))))
        yield from self._assignments(at, drafts, plan.addons)
        if is_sold:
            yield Step(at, lambda ns: [self.plan_sale.publish(ns, draft) for draft in drafts])

    def _assignments(
        self, at: str, plans: Sequence[str], terms: Mapping[str, PlanAddonReplaceUpdate]
    ) -> Iterator[Step]:
        for key, wanted in terms.items():
            yield Step(f"{at}/addons/{key}", self._assigning(plans, key, wanted))

    def _assigning(self, plans: Sequence[str], key: str, wanted: PlanAddonReplaceUpdate) -> Act:
        def assign(namespace: str) -> None:
            for plan in plans:
                addon = self.addons.get(namespace, key).version.id
                plan_id = self.plans.get(namespace, plan).version.id
                self.plan_addons.assign(namespace, plan_id, addon, plan_addon_terms(wanted))

        return assign

    def _clear_plan(self, namespace: str, sold: PlanAddons) -> None:
        """Have the plan sell nothing, so that what it is to sell can be assigned."""
        plan_id = self.plans.get(namespace, sold.key).version.id
        assigned, _ = self.plan_addons.page(namespace, plan_id, PlanAddonFilter(), _ALL)
        for one in assigned:
            self.plan_addons.remove(namespace, plan_id, one.assigned.addon.id)


def _drafted(service: VersionService[S], namespace: str, key: str, spec: S) -> str:
    """The id of a new draft, in the place of the one there is."""
    latest = None
    with suppress(NotFound):
        latest = service.get(namespace, key, latest=True)
    if latest is not None and latest.status is Status.DRAFT:
        service.delete(namespace, latest.version.id)
    return service.create(namespace, key, spec).version.id


def _ends(service: VersionService[S], sale: VersionSale[S]) -> Callable[[str, str], object]:
    return lambda namespace, key: sale.archive(namespace, service.get(namespace, key).version.id)


def _placed(name: str, items: Sequence[T]) -> Iterator[tuple[str, T]]:
    return ((f"/{name}/{index}", item) for index, item in enumerate(items))


def _each(name: str, items: Sequence[T], do: Callable[[str, T], object]) -> Iterator[Step]:
    for at, item in _placed(name, items):
        yield Step(at, _bound(do, item))


def _bound(do: Callable[[str, T], object], item: T) -> Act:
    return lambda namespace: do(namespace, item)
