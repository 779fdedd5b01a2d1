"""Which add-ons plans sell, over HTTP. In the path of one of them stands the add-on's id, or its key."""

from http import HTTPStatus
from typing import Annotated

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.event_handler.openapi.params import Body

from meterhouse.catalog.plan_addon_schema import (
    PlanAddonCreate,
    PlanAddonReplaceUpdate,
    PlanAddonWire,
    plan_addon_terms,
    plan_addon_wire,
)
from meterhouse.catalog.plan_addon_service import PlanAddonService
from meterhouse.catalog.ports import PlanAddonFilter, VersionOrder
from meterhouse.catalog.version_query import (
    KEY_VERSION,
    Ids,
    IncludeDeleted,
    Keys,
    OrderByQuery,
    OrderQuery,
    PageQuery,
    PageSizeQuery,
    key_versions,
    slice_of,
)
from meterhouse.platform.http import namespace_of
from meterhouse.platform.wire import Page, SortOrder

_ALL = "/api/v1/plans/<plan_id>/addons"
_ONE = "/api/v1/plans/<plan_id>/addons/<plan_addon_id>"
_TAGS = ["Product Catalog"]


def plan_addon_routes(service: PlanAddonService) -> Router:
    router = Router()

    def namespace() -> str:
        return namespace_of(router.current_event.raw_event)

    @router.get(
        _ALL,
        operation_id="listPlanAddons",
        tags=_TAGS,
        summary="List all available add-ons for plan",
        openapi_extensions=KEY_VERSION,
    )
    def page(
        plan_id: str,
        include_deleted: IncludeDeleted = False,
        addon_ids: Ids = None,
        key: Keys = None,
        page: PageQuery = 1,
        page_size: PageSizeQuery = 100,
        order: OrderQuery = SortOrder.ASC,
        order_by: OrderByQuery = VersionOrder.CREATED_AT,
    ) -> Page[PlanAddonWire]:
        wanted = PlanAddonFilter(addon_ids, key, key_versions(router.current_event.raw_event), include_deleted)
        rows = slice_of(page, page_size, order, order_by)
        assigned, total = service.page(namespace(), plan_id, wanted, rows)
        items = [plan_addon_wire(one) for one in assigned]
        return Page(total_count=total, page=page, page_size=page_size, items=items)

    @router.post(_ALL, operation_id="createPlanAddon", tags=_TAGS, summary="Create new add-on assignment for plan")
    def assign(plan_id: str, body: Annotated[PlanAddonCreate, Body()]) -> tuple[PlanAddonWire, int]:
        assigned = service.assign(namespace(), plan_id, body.addon_id, plan_addon_terms(body))
        return plan_addon_wire(assigned), HTTPStatus.CREATED

    @router.get(_ONE, operation_id="getPlanAddon", tags=_TAGS, summary="Get add-on assignment for plan")
    def get(plan_id: str, plan_addon_id: str) -> PlanAddonWire:
        return plan_addon_wire(service.get(namespace(), plan_id, plan_addon_id))

    @router.put(_ONE, operation_id="updatePlanAddon", tags=_TAGS, summary="Update add-on assignment for plan")
    def replace(plan_id: str, plan_addon_id: str, body: Annotated[PlanAddonReplaceUpdate, Body()]) -> PlanAddonWire:
        return plan_addon_wire(service.replace(namespace(), plan_id, plan_addon_id, plan_addon_terms(body)))

    @router.delete(_ONE, operation_id="deletePlanAddon", tags=_TAGS, summary="Delete add-on assignment for plan")
    def remove(plan_id: str, plan_addon_id: str) -> Response[None]:
        service.remove(namespace(), plan_id, plan_addon_id)
        return Response(HTTPStatus.NO_CONTENT)

    return router
