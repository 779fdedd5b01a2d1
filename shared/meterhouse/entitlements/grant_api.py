"""Grants of all entitlements over HTTP, in both versions of the contract; and how one is voided."""

from collections.abc import Callable
from datetime import datetime
from http import HTTPStatus
from typing import Annotated

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.event_handler.openapi.params import Query

from meterhouse.entitlements.grant_schema import EntitlementGrant, EntitlementGrantV2, grant_wire, grant_wire_v2
from meterhouse.entitlements.management import Management
from meterhouse.entitlements.paging import LimitQuery, OffsetQuery, OrderQuery, PageQuery, PageSizeQuery, Paging
from meterhouse.entitlements.ports import GrantOrder
from meterhouse.entitlements.service import CustomersWanted, GrantsWanted
from meterhouse.platform import clock
from meterhouse.platform.http import namespace_of
from meterhouse.platform.wire import ExternalKey, Instant, Page, SortOrder

_TAGS = ["Entitlements"]
Names = Annotated[list[str] | None, Query()]
IncludeDeleted = Annotated[bool, Query(alias="includeDeleted")]
GrantOrderBy = Annotated[GrantOrder, Query(alias="orderBy")]


def grant_routes(use: Management, now: Callable[[], datetime] = clock.now) -> Router:
    router = Router()

    def namespace() -> str:
        return namespace_of(router.current_event.raw_event)

    @router.get("/api/v2/grants", operation_id="listGrantsV2", tags=_TAGS, summary="List grants")
    def page(
        feature: Names = None,
        customer: Annotated[list[ExternalKey] | None, Query()] = None,
        include_deleted: IncludeDeleted = False,
        page: PageQuery = None,
        page_size: PageSizeQuery = None,
        offset: OffsetQuery = None,
        limit: LimitQuery = None,
        order: OrderQuery = SortOrder.ASC,
        order_by: GrantOrderBy = GrantOrder.CREATED_AT,
    ) -> Page[EntitlementGrantV2]:
        wanted = GrantsWanted(CustomersWanted(names=customer), feature, include_deleted)
        paging, at = Paging(page, page_size, offset, limit, order), now()
        found, total = use.reads.grants(namespace(), wanted, paging.rows(order_by))
        items = [grant_wire_v2(grant, at) for grant in found]
        return Page(total_count=total, page=paging.number, page_size=paging.size, items=items)

    return router


def grant_routes_v1(use: Management, now: Callable[[], datetime] = clock.now) -> Router:
    router = Router()

    def namespace() -> str:
        return namespace_of(router.current_event.raw_event)

    @router.get("/api/v1/grants", operation_id="listGrants", tags=_TAGS, summary="List grants", deprecated=True)
    def page(
        feature: Names = None,
        subject: Names = None,
        include_deleted: IncludeDeleted = False,
        page: PageQuery = None,
        page_size: PageSizeQuery = None,
        offset: OffsetQuery = None,
        limit: LimitQuery = None,
        order: OrderQuery = SortOrder.ASC,
        order_by: GrantOrderBy = GrantOrder.CREATED_AT,
    ) -> list[EntitlementGrant] | Page[EntitlementGrant]:
        wanted = GrantsWanted(CustomersWanted(subjects=subject), feature, include_deleted)
        paging, at = Paging(page, page_size, offset, limit, order), now()
        found, total = use.reads.grants(namespace(), wanted, paging.rows(order_by))
        items = [grant_wire(grant, at) for grant in found]
        if not paging.is_paged:
            return items
        return Page(total_count=total, page=paging.number, page_size=paging.size, items=items)

    @router.delete("/api/v1/grants/<grant_id>", operation_id="voidGrant", tags=_TAGS, summary="Void a grant")
    def void(grant_id: str, at: Annotated[Instant | None, Query()] = None) -> Response[None]:
        use.void(namespace(), grant_id, at)
        return Response(HTTPStatus.NO_CONTENT)

    return router
