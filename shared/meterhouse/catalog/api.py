"""The room over HTTP: features here, and all routes together."""

from http import HTTPStatus
from typing import Annotated

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.event_handler.openapi.params import Body, Query

from meterhouse.catalog.addon_api import addon_routes, addon_version_routes
from meterhouse.catalog.addon_service import AddonSale, AddonService
from meterhouse.catalog.feature_schema import (
    FeatureCreateInputs,
    FeatureWire,
    feature_spec,
    feature_wire,
    filters_at,
)
from meterhouse.catalog.feature_service import FeatureService
from meterhouse.catalog.plan_addon_api import plan_addon_routes
from meterhouse.catalog.plan_addon_service import PlanAddonService
from meterhouse.catalog.plan_api import plan_routes, plan_version_routes
from meterhouse.catalog.plan_sale import PlanSale
from meterhouse.catalog.plan_service import PlanService
from meterhouse.catalog.ports import FeatureFilter, FeatureOrder, Slice
from meterhouse.platform.http import namespace_of
from meterhouse.platform.wire import Page, PageNumber, PageSize, SortOrder

_FEATURES = "/api/v1/features"
_FEATURE = "/api/v1/features/<feature_id>"


def feature_routes(service: FeatureService) -> Router:
    router = Router()

    def namespace() -> str:
        return namespace_of(router.current_event.raw_event)

    @router.get(_FEATURES, operation_id="listFeatures", tags=["Product Catalog"], summary="List features")
    def page(
        meter_slug: Annotated[list[str] | None, Query(alias="meterSlug")] = None,
        include_archived: Annotated[bool, Query(alias="includeArchived")] = False,
        page: Annotated[PageNumber | None, Query()] = None,
        page_size: Annotated[PageSize | None, Query(alias="pageSize")] = None,
        offset: Annotated[int, Query(ge=0, le=2**31 - 1)] = 0,
        limit: Annotated[PageSize, Query()] = 100,
        order: Annotated[SortOrder, Query()] = SortOrder.ASC,
        order_by: Annotated[FeatureOrder, Query(alias="orderBy")] = FeatureOrder.CREATED_AT,
    ) -> list[FeatureWire] | Page[FeatureWire]:
        wanted = FeatureFilter(meter_slug, include_archived)
        is_descending = order is SortOrder.DESC
        if page is None and page_size is None:
            features, _ = service.page(namespace(), wanted, Slice(order_by, limit, offset, is_descending))
            return [feature_wire(feature) for feature in features]
        number, size = page or 1, page_size or 100
        rows = Slice(order_by, size, (number - 1) * size, is_descending)
        features, total = service.page(namespace(), wanted, rows)
        items = [feature_wire(feature) for feature in features]
        return Page(total_count=total, page=number, page_size=size, items=items)

    @router.post(_FEATURES, operation_id="createFeature", tags=["Product Catalog"], summary="Create feature")
    def create(body: Annotated[FeatureCreateInputs, Body()]) -> tuple[FeatureWire, int]:
        created = service.create(namespace(), feature_spec(body), filters_at(body))
        return feature_wire(created), HTTPStatus.CREATED

    @router.get(_FEATURE, operation_id="getFeature", tags=["Product Catalog"], summary="Get feature")
    def get(feature_id: str) -> FeatureWire:
        return feature_wire(service.get(namespace(), feature_id))

    @router.delete(_FEATURE, operation_id="deleteFeature", tags=["Product Catalog"], summary="Archive feature")
    def delete(feature_id: str) -> Response[None]:
        service.archive(namespace(), feature_id)
        return Response(HTTPStatus.NO_CONTENT)

    return router


def routes(
    features: FeatureService,
    plans: PlanService,
    plan_sale: PlanSale,
    addons: AddonService,
    addon_sale: AddonSale,
    plan_addons: PlanAddonService,
) -> list[Router]:
    return [
        feature_routes(features),
        plan_routes(plans),
        plan_version_routes(plans, plan_sale),
        addon_routes(addons),
        addon_version_routes(addon_sale),
        plan_addon_routes(plan_addons),
    ]
