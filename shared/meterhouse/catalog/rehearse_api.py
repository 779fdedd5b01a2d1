"""A change of the catalog as a whole, tried over HTTP without keeping it: ours, the contract has no such route."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Annotated, TypeVar

from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.event_handler.openapi.params import Body
from pydantic import Field

from meterhouse.catalog.feature_schema import FeatureCreateInputs, feature_spec, filters_at
from meterhouse.catalog.feature_service import FeatureService
from meterhouse.catalog.plan import PlanStatus
from meterhouse.catalog.plan_sale import PlanSale
from meterhouse.catalog.plan_schema import PlanCreate, ValidationErrorWire, plan_spec
from meterhouse.catalog.plan_service import PlanService, ShownPlan
from meterhouse.catalog.rehearse import Step, rehearse
from meterhouse.kernel.errors import NotFound
from meterhouse.metering.schema import MeterCreate, MeterUpdate, Slug
from meterhouse.metering.service import MeterService
from meterhouse.platform.http import namespace_of
from meterhouse.platform.postgres import Database
from meterhouse.platform.wire import Key, Wire

T = TypeVar("T")
_MOST = 1000


class ChangedMeter(MeterUpdate):
    slug: Slug


class CatalogChange(Wire):
    """What is to be made, changed and taken off sale. Order: as the fields stand."""

    meters: Annotated[list[MeterCreate], Field(max_length=_MOST)] = Field(default_factory=list)
    changed_meters: Annotated[list[ChangedMeter], Field(max_length=_MOST)] = Field(default_factory=list)
    features: Annotated[list[FeatureCreateInputs], Field(max_length=_MOST)] = Field(default_factory=list)
    """A live feature of the same key is archived first."""
    draft_plans: Annotated[list[PlanCreate], Field(max_length=_MOST)] = Field(default_factory=list)
    """In the place of the draft of the same key, if there is one; as `plans`, which are put on sale, too."""
    plans: Annotated[list[PlanCreate], Field(max_length=_MOST)] = Field(default_factory=list)
    archived_plans: Annotated[list[Key], Field(max_length=_MOST)] = Field(default_factory=list)
    archived_features: Annotated[list[Key], Field(max_length=_MOST)] = Field(default_factory=list)


class CatalogRehearsal(Wire):
    """What keeps the change from being made; pointers lead into the change as it was sent."""

    validation_errors: list[ValidationErrorWire]


@dataclass(frozen=True, slots=True)
class Cast:
    """The use cases that a change is made of."""

    meters: MeterService
    features: FeatureService
    plans: PlanService
    sale: PlanSale

    def steps(self, change: CatalogChange) -> Iterator[Step]:
        yield from _each("meters", change.meters, lambda ns, one: self.meters.create(ns, one.spec()))
        yield from _each("changedMeters", change.changed_meters, self._change_meter)
        yield from _each("features", change.features, self._make_feature)
        yield from _each("draftPlans", change.draft_plans, self._draft)
        yield from _each("plans", change.plans, self._sell)
        yield from _each("archivedPlans", change.archived_plans, self._end_sale)
        yield from _each("archivedFeatures", change.archived_features, self.features.archive)

    def _change_meter(self, namespace: str, meter: ChangedMeter) -> None:
        self.meters.change(namespace, meter.slug, meter.change())

    def _make_feature(self, namespace: str, feature: FeatureCreateInputs) -> None:
        spec = feature_spec(feature)
        with suppress(NotFound):
            self.features.archive(namespace, spec.key)
        self.features.create(namespace, spec, filters_at(feature))

    def _draft(self, namespace: str, plan: PlanCreate) -> ShownPlan:
        try:
            latest = self.plans.get(namespace, plan.key, latest=True)
        except NotFound:
            latest = None
        if latest is not None and latest.status is PlanStatus.DRAFT:
            self.plans.delete(namespace, latest.plan.id)
        return self.plans.create(namespace, plan.key, plan_spec(plan))

    def _sell(self, namespace: str, plan: PlanCreate) -> None:
        self.sale.publish(namespace, self._draft(namespace, plan).plan.id)

    def _end_sale(self, namespace: str, key: str) -> None:
        self.sale.archive(namespace, self.plans.get(namespace, key).plan.id)


def rehearse_routes(database: Database, cast: Cast) -> Router:
    router = Router()

    @router.post(
        "/api/v1/catalog/rehearsal",
        operation_id="rehearseCatalogChange",
        tags=["Product Catalog"],
        summary="Tell what would keep a change of the catalog from being made; nothing is changed",
    )
    def try_out(body: Annotated[CatalogChange, Body()]) -> CatalogRehearsal:
        problems = rehearse(database, namespace_of(router.current_event.raw_event), cast.steps(body))
        return CatalogRehearsal(
            validation_errors=[ValidationErrorWire(field=p.field, code=p.code, message=p.message) for p in problems]
        )

    return router


def _each(name: str, items: Sequence[T], do: Callable[[str, T], object]) -> Iterator[Step]:
    for index, item in enumerate(items):
        yield Step(f"/{name}/{index}", _bound(do, item))


def _bound(do: Callable[[str, T], object], item: T) -> Callable[[str], object]:
    return lambda namespace: do(namespace, item)
