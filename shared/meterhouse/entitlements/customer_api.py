"""A customer's entitlements over HTTP."""

from collections.abc import Callable
from datetime import datetime
from http import HTTPStatus
from typing import Annotated

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.event_handler.openapi.params import Body, Path, Query
from pydantic import StringConstraints

from meterhouse.entitlements.create_schema import (
    EntitlementV2CreateInputs,
    ResetEntitlementUsageInput,
    entitlement_spec_v2,
    reset_spec,
)
from meterhouse.entitlements.entitlement_schema import (
    EntitlementV2,
    EntitlementV2PaginatedResponse,
    entitlement_wire_v2,
)
from meterhouse.entitlements.grant_schema import (
    EntitlementGrantCreateInputV2,
    EntitlementGrantV2,
    grant_spec,
    grant_wire_v2,
)
from meterhouse.entitlements.holder import Holder
from meterhouse.entitlements.management import Management
from meterhouse.entitlements.paging import LimitQuery, OffsetQuery, OrderQuery, PageQuery, PageSizeQuery, Paging
from meterhouse.entitlements.ports import EntitlementOrder, GrantOrder
from meterhouse.platform import clock
from meterhouse.platform.http import namespace_of
from meterhouse.platform.wire import ExternalKey, Page, SortOrder

_TAGS = ["Entitlements"]
_ALL = "/api/v2/customers/<customer_id_or_key>/entitlements"
_ONE = f"{_ALL}/<entitlement_id_or_feature_key>"
_ID_OR_KEY = r"^[a-z0-9]+(?:_[a-z0-9]+)*$|^[0-7][0-9A-HJKMNP-TV-Za-hjkmnp-tv-z]{25}$"
CustomerIdOrKey = Annotated[ExternalKey, Path()]
EntitlementIdOrFeatureKey = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=_ID_OR_KEY), Path()]
IncludeDeleted = Annotated[bool, Query(alias="includeDeleted")]


def customer_routes(use: Management, now: Callable[[], datetime] = clock.now) -> Router:
    router = Router()

    def namespace() -> str:
        return namespace_of(router.current_event.raw_event)

    @router.post(
        _ALL, operation_id="createCustomerEntitlementV2", tags=_TAGS, summary="Create a customer's entitlement"
    )
    def create(
        customer_id_or_key: CustomerIdOrKey, body: Annotated[EntitlementV2CreateInputs, Body()]
    ) -> tuple[EntitlementV2, int]:
        made = use.entitle(namespace(), Holder(customer_id_or_key), entitlement_spec_v2(body))
        return entitlement_wire_v2(made, now()), HTTPStatus.CREATED

    @router.get(_ALL, operation_id="listCustomerEntitlementsV2", tags=_TAGS, summary="List a customer's entitlements")
    def page(
        customer_id_or_key: CustomerIdOrKey,
        include_deleted: IncludeDeleted = False,
        page: PageQuery = None,
        page_size: PageSizeQuery = None,
        order: OrderQuery = SortOrder.ASC,
        order_by: Annotated[EntitlementOrder, Query(alias="orderBy")] = EntitlementOrder.CREATED_AT,
    ) -> EntitlementV2PaginatedResponse:
        paging, at = Paging(page, page_size, order=order), now()
        shown, total = use.reads.of_holder(
            namespace(), Holder(customer_id_or_key), paging.rows(order_by), include_deleted=include_deleted
        )
        items = [entitlement_wire_v2(one, at) for one in shown]
        return EntitlementV2PaginatedResponse(total_count=total, page=paging.number, page_size=paging.size, items=items)

    @router.get(_ONE, operation_id="getCustomerEntitlementV2", tags=_TAGS, summary="Get a customer's entitlement")
    def get(
        customer_id_or_key: CustomerIdOrKey, entitlement_id_or_feature_key: EntitlementIdOrFeatureKey
    ) -> EntitlementV2:
        shown = use.reads.get(namespace(), Holder(customer_id_or_key), entitlement_id_or_feature_key)
        return entitlement_wire_v2(shown, now())

    @router.delete(_ONE, operation_id="deleteCustomerEntitlementV2", tags=_TAGS, summary="End a customer's entitlement")
    def delete(
        customer_id_or_key: CustomerIdOrKey, entitlement_id_or_feature_key: EntitlementIdOrFeatureKey
    ) -> Response[None]:
        use.end(namespace(), Holder(customer_id_or_key), entitlement_id_or_feature_key)
        return Response(HTTPStatus.NO_CONTENT)

    return router


def customer_change_routes(use: Management, now: Callable[[], datetime] = clock.now) -> Router:
    router = Router()

    def namespace() -> str:
        return namespace_of(router.current_event.raw_event)

    @router.put(
        f"{_ONE}/override",
        operation_id="overrideCustomerEntitlementV2",
        tags=_TAGS,
        summary="Put another entitlement in the place of a customer's",
    )
    def override(
        customer_id_or_key: CustomerIdOrKey,
        entitlement_id_or_feature_key: Annotated[ExternalKey, Path()],
        body: Annotated[EntitlementV2CreateInputs, Body()],
    ) -> tuple[EntitlementV2, int]:
        holder = Holder(customer_id_or_key)
        made = use.override(namespace(), holder, entitlement_id_or_feature_key, entitlement_spec_v2(body))
        return entitlement_wire_v2(made, now()), HTTPStatus.CREATED

    @router.post(
        f"{_ONE}/reset", operation_id="resetCustomerEntitlementUsageV2", tags=_TAGS, summary="Reset an entitlement"
    )
    def reset(
        customer_id_or_key: CustomerIdOrKey,
        entitlement_id_or_feature_key: EntitlementIdOrFeatureKey,
        body: Annotated[ResetEntitlementUsageInput | None, Body()] = None,
    ) -> Response[None]:
        spec = reset_spec(body or ResetEntitlementUsageInput())
        use.reset(namespace(), Holder(customer_id_or_key), entitlement_id_or_feature_key, spec)
        return Response(HTTPStatus.NO_CONTENT)

    return router


def customer_grant_routes(use: Management, now: Callable[[], datetime] = clock.now) -> Router:
    router = Router()
    grants = f"{_ONE}/grants"

    def namespace() -> str:
        return namespace_of(router.current_event.raw_event)

    @router.get(
        grants, operation_id="listCustomerEntitlementGrantsV2", tags=_TAGS, summary="List an entitlement's grants"
    )
    def page(
        customer_id_or_key: CustomerIdOrKey,
        entitlement_id_or_feature_key: EntitlementIdOrFeatureKey,
        include_deleted: IncludeDeleted = False,
        page: PageQuery = None,
        page_size: PageSizeQuery = None,
        offset: OffsetQuery = None,
        limit: LimitQuery = None,
        order: OrderQuery = SortOrder.ASC,
        order_by: Annotated[GrantOrder, Query(alias="orderBy")] = GrantOrder.CREATED_AT,
    ) -> Page[EntitlementGrantV2]:
        paging, at = Paging(page, page_size, offset, limit, order), now()
        found, total = use.reads.grants_of(
            namespace(),
            Holder(customer_id_or_key),
            entitlement_id_or_feature_key,
            paging.rows(order_by),
            include_deleted=include_deleted,
        )
        items = [grant_wire_v2(grant, at) for grant in found]
        return Page(total_count=total, page=paging.number, page_size=paging.size, items=items)

    @router.post(
        grants, operation_id="createCustomerEntitlementGrantV2", tags=_TAGS, summary="Grant usage to an entitlement"
    )
    def create(
        customer_id_or_key: CustomerIdOrKey,
        entitlement_id_or_feature_key: EntitlementIdOrFeatureKey,
        body: Annotated[EntitlementGrantCreateInputV2, Body()],
    ) -> tuple[EntitlementGrantV2, int]:
        grant = use.grant(namespace(), Holder(customer_id_or_key), entitlement_id_or_feature_key, grant_spec(body))
        return grant_wire_v2(grant, now()), HTTPStatus.CREATED

    return router
