"""Plans over HTTP."""

from http import HTTPStatus
from typing import Annotated

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.event_handler.openapi.params import Body, Query

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
from meterhouse.catalog.ports import VersionFilter, VersionOrder
from meterhouse.catalog.version_query import (
    KEY_VERSION,
    Currencies,
    Ids,
    IncludeDeleted,
    IncludeLatest,
    Keys,
    OrderByQuery,
    OrderQuery,
    PageQuery,
    PageSizeQuery,
    key_versions,
    slice_of,
)
from meterhouse.platform import clock
from meterhouse.platform.http import namespace_of
from meterhouse.platform.wire import Page, SortOrder

_PLANS = "/api/v1/plans"
_PLAN = "/api/v1/plans/<plan_id>"


def plan_routes(service: PlanService) -> Router:
    router = Router()

    def namespace() -> str:
        return namespace_of(router.current_event.raw_event)

    @router.get(
        _PLANS,
        operation_id="listPlans",
        tags=["Product Catalog"],
        summary="List plans",
        openapi_extensions=KEY_VERSION,
    )
    def page(
        include_deleted: IncludeDeleted = False,
        plan_ids: Ids = None,
        key: Keys = None,
        status: Annotated[list[PlanStatus] | None, Query()] = None,
        currency: Currencies = None,
        page: PageQuery = 1,
        page_size: PageSizeQuery = 100,
        order: OrderQuery = SortOrder.ASC,
        order_by: OrderByQuery = VersionOrder.CREATED_AT,
    ) -> Page[PlanWire]:
        wanted = VersionFilter(
            at=clock.now(),
            ids=plan_ids,
            keys=key,
            key_versions=key_versions(router.current_event.raw_event),
            statuses=status,
            currencies=currency,
            include_deleted=include_deleted,
        )
        plans, total = service.page(namespace(), wanted, slice_of(page, page_size, order, order_by))
        return Page(total_count=total, page=page, page_size=page_size, items=[plan_wire(plan) for plan in plans])

    @router.post(_PLANS, operation_id="createPlan", tags=["Product Catalog"], summary="Create plan")
    def create(body: Annotated[PlanCreate, Body()]) -> tuple[PlanWire, int]:
        return plan_wire(service.create(namespace(), body.key, plan_spec(body))), HTTPStatus.CREATED

    @router.get(_PLAN, operation_id="getPlan", tags=["Product Catalog"], summary="Get plan")
    def get(plan_id: str, include_latest: IncludeLatest = False) -> PlanWire:
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
