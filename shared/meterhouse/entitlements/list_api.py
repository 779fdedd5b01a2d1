"""Entitlements of all customers over HTTP, in both versions of the contract."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated

from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.event_handler.openapi.params import Path, Query

from meterhouse.entitlements.entitlement import EntitlementType
from meterhouse.entitlements.entitlement_schema import (
    EntitlementV2,
    EntitlementV2PaginatedResponse,
    entitlement_wire_v2,
)
from meterhouse.entitlements.management import Management
from meterhouse.entitlements.paging import LimitQuery, OffsetQuery, OrderQuery, PageQuery, PageSizeQuery, Paging
from meterhouse.entitlements.ports import EntitlementOrder
from meterhouse.entitlements.service import CustomersWanted, EntitlementsWanted
from meterhouse.entitlements.subject_schema import EntitlementPaginatedResponse, EntitlementV1, entitlement_wire
from meterhouse.platform import clock
from meterhouse.platform.http import namespace_of
from meterhouse.platform.wire import SortOrder, Ulid

_TAGS = ["Entitlements"]
EntitlementId = Annotated[Ulid, Path()]
Names = Annotated[list[str] | None, Query()]
EntitlementTypes = Annotated[list[EntitlementType] | None, Query(alias="entitlementType")]
ExcludeInactive = Annotated[bool, Query(alias="excludeInactive")]
EntitlementOrderBy = Annotated[EntitlementOrder, Query(alias="orderBy")]


def entitlement_routes(use: Management, now: Callable[[], datetime] = clock.now) -> Router:
    router = Router()

    def namespace() -> str:
        return namespace_of(router.current_event.raw_event)

    @router.get("/api/v2/entitlements", operation_id="listEntitlementsV2", tags=_TAGS, summary="List entitlements")
    def page(
        feature: Names = None,
        customer_keys: Annotated[list[str] | None, Query(alias="customerKeys")] = None,
        customer_ids: Annotated[list[str] | None, Query(alias="customerIds")] = None,
        entitlement_type: EntitlementTypes = None,
        exclude_inactive: ExcludeInactive = False,
        page: PageQuery = None,
        page_size: PageSizeQuery = None,
        offset: OffsetQuery = None,
        limit: LimitQuery = None,
        order: OrderQuery = SortOrder.ASC,
        order_by: EntitlementOrderBy = EntitlementOrder.CREATED_AT,
    ) -> EntitlementV2PaginatedResponse:
        customers = CustomersWanted(ids=customer_ids, keys=customer_keys)
        wanted = EntitlementsWanted(customers, feature, entitlement_type, exclude_inactive)
        paging, at = Paging(page, page_size, offset, limit, order), now()
        shown, total = use.reads.page(namespace(), wanted, paging.rows(order_by))
        items = [entitlement_wire_v2(one, at) for one in shown]
        return EntitlementV2PaginatedResponse(total_count=total, page=paging.number, page_size=paging.size, items=items)

    @router.get(
        "/api/v2/entitlements/<entitlement_id>",
        operation_id="getEntitlementByIdV2",
        tags=_TAGS,
        summary="Get an entitlement",
    )
    def get(entitlement_id: EntitlementId) -> EntitlementV2:
        return entitlement_wire_v2(use.reads.by_id(namespace(), entitlement_id), now())

    return router


def entitlement_routes_v1(use: Management, now: Callable[[], datetime] = clock.now) -> Router:
    router = Router()

    def namespace() -> str:
        return namespace_of(router.current_event.raw_event)

    @router.get(
        "/api/v1/entitlements",
        operation_id="listEntitlements",
        tags=_TAGS,
        summary="List entitlements",
        deprecated=True,
    )
    def page(
        feature: Names = None,
        subject: Names = None,
        entitlement_type: EntitlementTypes = None,
        exclude_inactive: ExcludeInactive = False,
        page: PageQuery = None,
        page_size: PageSizeQuery = None,
        offset: OffsetQuery = None,
        limit: LimitQuery = None,
        order: OrderQuery = SortOrder.ASC,
        order_by: EntitlementOrderBy = EntitlementOrder.CREATED_AT,
    ) -> list[EntitlementV1] | EntitlementPaginatedResponse:
        customers = CustomersWanted(subjects=subject)
        wanted = EntitlementsWanted(customers, feature, entitlement_type, exclude_inactive)
        paging, at = Paging(page, page_size, offset, limit, order), now()
        shown, total = use.reads.page(namespace(), wanted, paging.rows(order_by))
        items = [entitlement_wire(one, at) for one in shown]
        if not paging.is_paged:
            return items
        return EntitlementPaginatedResponse(total_count=total, page=paging.number, page_size=paging.size, items=items)

    @router.get(
        "/api/v1/entitlements/<entitlement_id>",
        operation_id="getEntitlementById",
        tags=_TAGS,
        summary="Get an entitlement",
        deprecated=True,
    )
    def get(entitlement_id: EntitlementId) -> EntitlementV1:
        return entitlement_wire(use.reads.by_id(namespace(), entitlement_id), now())

    return router
