"""Add-ons over HTTP."""

from http import HTTPStatus
from typing import Annotated

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.event_handler.openapi.params import Body, Query

from meterhouse.catalog.addon_schema import (
    AddonCreate,
    AddonReplaceUpdate,
    AddonStatus,
    AddonWire,
    addon_spec,
    addon_wire,
    replaced_addon_spec,
)
from meterhouse.catalog.addon_service import AddonSale, AddonService
from meterhouse.catalog.ports import VersionFilter, VersionOrder
from meterhouse.catalog.version import Status
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

_ADDONS = "/api/v1/addons"
_ADDON = "/api/v1/addons/<addon_id>"
_TAGS = ["Product Catalog"]


def addon_routes(service: AddonService) -> Router:
    router = Router()

    def namespace() -> str:
        return namespace_of(router.current_event.raw_event)

    @router.get(
        _ADDONS,
        operation_id="listAddons",
        tags=_TAGS,
        summary="List add-ons",
        openapi_extensions=KEY_VERSION,
    )
    def page(
        include_deleted: IncludeDeleted = False,
        addon_ids: Ids = None,
        key: Keys = None,
        status: Annotated[list[AddonStatus] | None, Query()] = None,
        currency: Currencies = None,
        page: PageQuery = 1,
        page_size: PageSizeQuery = 100,
        order: OrderQuery = SortOrder.ASC,
        order_by: OrderByQuery = VersionOrder.CREATED_AT,
    ) -> Page[AddonWire]:
        wanted = VersionFilter(
            at=clock.now(),
            ids=addon_ids,
            keys=key,
            key_versions=key_versions(router.current_event.raw_event),
            statuses=None if status is None else [Status(one) for one in status],
            currencies=currency,
            include_deleted=include_deleted,
        )
        addons, total = service.page(namespace(), wanted, slice_of(page, page_size, order, order_by))
        return Page(total_count=total, page=page, page_size=page_size, items=[addon_wire(one) for one in addons])

    @router.post(_ADDONS, operation_id="createAddon", tags=_TAGS, summary="Create add-on")
    def create(body: Annotated[AddonCreate, Body()]) -> tuple[AddonWire, int]:
        return addon_wire(service.create(namespace(), body.key, addon_spec(body))), HTTPStatus.CREATED

    @router.get(_ADDON, operation_id="getAddon", tags=_TAGS, summary="Get add-on")
    def get(addon_id: str, include_latest: IncludeLatest = False) -> AddonWire:
        return addon_wire(service.get(namespace(), addon_id, latest=include_latest))

    @router.put(_ADDON, operation_id="updateAddon", tags=_TAGS, summary="Update add-on")
    def replace(addon_id: str, body: Annotated[AddonReplaceUpdate, Body()]) -> AddonWire:
        return addon_wire(service.replace(namespace(), addon_id, lambda before: replaced_addon_spec(body, before)))

    @router.delete(_ADDON, operation_id="deleteAddon", tags=_TAGS, summary="Delete add-on")
    def delete(addon_id: str) -> Response[None]:
        service.delete(namespace(), addon_id)
        return Response(HTTPStatus.NO_CONTENT)

    return router


def addon_version_routes(sale: AddonSale) -> Router:
    router = Router()

    def namespace() -> str:
        return namespace_of(router.current_event.raw_event)

    @router.post(f"{_ADDON}/publish", operation_id="publishAddon", tags=_TAGS, summary="Publish add-on")
    def publish(addon_id: str) -> AddonWire:
        return addon_wire(sale.publish(namespace(), addon_id))

    @router.post(f"{_ADDON}/archive", operation_id="archiveAddon", tags=_TAGS, summary="Archive add-on version")
    def archive(addon_id: str) -> AddonWire:
        return addon_wire(sale.archive(namespace(), addon_id))

    return router
