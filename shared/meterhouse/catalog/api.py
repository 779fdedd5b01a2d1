"""Features and plans over HTTP."""

import re
from http import HTTPStatus
from typing import Annotated
from urllib.parse import parse_qsl

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.event_handler.openapi.params import Body, Query

from meterhouse.catalog.feature_schema import (
    FeatureCreateInputs,
    FeatureWire,
    feature_spec,
    feature_wire,
    filters_at,
)
from meterhouse.catalog.feature_service import FeatureService
from meterhouse.catalog.plan import PlanStatus
from meterhouse.catalog.plan_sale import PlanSale
from meterhouse.catalog.plan_schema import (
    PlanCreate,
    PlanReplaceUpdate,
    PlanWire,
    plan_spec,
    plan_wire,
    replaced_spec,
)
from meterhouse.catalog.plan_service import PlanService
from meterhouse.catalog.ports import FeatureFilter, FeatureOrder, PlanFilter, PlanOrder, Slice
from meterhouse.kernel.errors import Problems
from meterhouse.platform import clock
from meterhouse.platform.http import namespace_of
from meterhouse.platform.wire import CurrencyCode, Key, Page, PageNumber, PageSize, SortOrder, Ulid

_FEATURES = "/api/v1/features"
_FEATURE = "/api/v1/features/<feature_id>"
_PLANS = "/api/v1/plans"
_PLAN = "/api/v1/plans/<plan_id>"
_KEY_VERSION = re.compile(r"keyVersion\[([a-z0-9_]{1,64})\]")
_VERSION = re.compile(r"[0-9]{1,9}", re.ASCII)


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


def plan_routes(service: PlanService) -> Router:
    router = Router()

    def namespace() -> str:
        return namespace_of(router.current_event.raw_event)

    @router.get(_PLANS, operation_id="listPlans", tags=["Product Catalog"], summary="List plans")
    def page(
        include_deleted: Annotated[bool, Query(alias="includeDeleted")] = False,
        plan_ids: Annotated[list[Ulid] | None, Query(alias="id")] = None,
        key: Annotated[list[Key] | None, Query()] = None,
        status: Annotated[list[PlanStatus] | None, Query()] = None,
        currency: Annotated[list[CurrencyCode] | None, Query()] = None,
        page: Annotated[PageNumber, Query()] = 1,
        page_size: Annotated[PageSize, Query(alias="pageSize")] = 100,
        order: Annotated[SortOrder, Query()] = SortOrder.ASC,
        order_by: Annotated[PlanOrder, Query(alias="orderBy")] = PlanOrder.CREATED_AT,
    ) -> Page[PlanWire]:
        wanted = PlanFilter(
            at=clock.now(),
            ids=plan_ids,
            keys=key,
            key_versions=_key_versions(router.current_event.raw_event.get("rawQueryString", "")),
            statuses=status,
            currencies=currency,
            include_deleted=include_deleted,
        )
        rows = Slice(order_by, page_size, (page - 1) * page_size, order is SortOrder.DESC)
        plans, total = service.page(namespace(), wanted, rows)
        return Page(total_count=total, page=page, page_size=page_size, items=[plan_wire(plan) for plan in plans])

    @router.post(_PLANS, operation_id="createPlan", tags=["Product Catalog"], summary="Create plan")
    def create(body: Annotated[PlanCreate, Body()]) -> tuple[PlanWire, int]:
        return plan_wire(service.create(namespace(), body.key, plan_spec(body))), HTTPStatus.CREATED

    @router.get(_PLAN, operation_id="getPlan", tags=["Product Catalog"], summary="Get plan")
    def get(plan_id: str, include_latest: Annotated[bool, Query(alias="includeLatest")] = False) -> PlanWire:
        return plan_wire(service.get(namespace(), plan_id, latest=include_latest))

    @router.put(_PLAN, operation_id="updatePlan", tags=["Product Catalog"], summary="Update plan")
    def replace(plan_id: str, body: Annotated[PlanReplaceUpdate, Body()]) -> PlanWire:
        return plan_wire(service.replace(namespace(), plan_id, lambda before: replaced_spec(body, before)))

    @router.delete(_PLAN, operation_id="deletePlan", tags=["Product Catalog"], summary="Delete plan")
    def delete(plan_id: str) -> Response[None]:
        service.delete(namespace(), plan_id)
        return Response(HTTPStatus.NO_CONTENT)

    return router


def plan_version_routes(service: PlanService, sale: PlanSale) -> Router:
    router = Router()

    def namespace() -> str:
        return namespace_of(router.current_event.raw_event)

    @router.post(f"{_PLAN}/publish", operation_id="publishPlan", tags=["Product Catalog"], summary="Publish plan")
    def publish(plan_id: str) -> PlanWire:
        return plan_wire(sale.publish(namespace(), plan_id))

    @router.post(f"{_PLAN}/archive", operation_id="archivePlan", tags=["Product Catalog"], summary="Archive plan")
    def archive(plan_id: str) -> PlanWire:
        return plan_wire(sale.archive(namespace(), plan_id))

    @router.post(
        f"{_PLANS}/<plan_id_or_key>/next",
        operation_id="nextPlan",
        tags=["Product Catalog"],
        summary="Draft the next version of a plan",
        deprecated=True,
    )
    def draft_next(plan_id_or_key: str) -> tuple[PlanWire, int]:
        return plan_wire(service.next(namespace(), plan_id_or_key)), HTTPStatus.CREATED

    return router


def routes(features: FeatureService, plans: PlanService, sale: PlanSale) -> list[Router]:
    return [feature_routes(features), plan_routes(plans), plan_version_routes(plans, sale)]


def _key_versions(query: str) -> dict[str, list[int]] | None:
    """`keyVersion[pro]=1&keyVersion[pro]=2` (the contract's deepObject) as {"pro": [1, 2]}."""
    problems = Problems()
    wanted: dict[str, list[int]] = {}
    for name, value in parse_qsl(query):
        if (match := _KEY_VERSION.fullmatch(name)) is None:
            continue
        if _VERSION.fullmatch(value):
            wanted.setdefault(match[1], []).append(int(value))
        else:
            problems.add(f"query:{name}", "int_parsing", "a version is a whole number")
    problems.raise_if_any("the query is not valid")
    return wanted or None
