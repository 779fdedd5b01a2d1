"""Meters over HTTP."""

from http import HTTPStatus
from typing import Annotated

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.event_handler.openapi.params import Body, Query

from meterhouse.metering.schema import (
    MeterBackfillWire,
    MeterCreate,
    MeterUpdate,
    MeterWire,
    backfill_wire,
    meter_wire,
)
from meterhouse.metering.service import MeterOrder, MeterPage, MeterService
from meterhouse.platform.http import namespace_of
from meterhouse.platform.wire import PageNumber, PageSize, SortOrder

_METERS = "/api/v1/meters"
_METER = "/api/v1/meters/<meter_id_or_slug>"
_BACKFILL = "/api/v1/meters/<meter_id_or_slug>/backfill"
_TAGS = ["Meters"]


def routes(service: MeterService) -> Router:
    router = Router()

    def namespace() -> str:
        return namespace_of(router.current_event.raw_event)

    @router.get(_METERS, operation_id="listMeters", tags=_TAGS, summary="List meters")
    def page(
        page: Annotated[PageNumber, Query()] = 1,
        page_size: Annotated[PageSize, Query(alias="pageSize")] = 100,
        order: Annotated[SortOrder, Query()] = SortOrder.ASC,
        order_by: Annotated[MeterOrder, Query(alias="orderBy")] = MeterOrder.CREATED_AT,
        include_deleted: Annotated[bool, Query(alias="includeDeleted")] = False,
    ) -> list[MeterWire]:
        wanted = MeterPage(page, page_size, order_by, order is SortOrder.DESC, include_deleted)
        return [meter_wire(meter) for meter in service.page(namespace(), wanted)]

    @router.post(_METERS, operation_id="createMeter", tags=_TAGS, summary="Create meter")
    def create(body: Annotated[MeterCreate, Body()]) -> tuple[MeterWire, int]:
        return meter_wire(service.create(namespace(), body.spec())), HTTPStatus.CREATED

    @router.get(_METER, operation_id="getMeter", tags=_TAGS, summary="Get meter")
    def get(meter_id_or_slug: str) -> MeterWire:
        return meter_wire(service.get(namespace(), meter_id_or_slug))

    @router.put(_METER, operation_id="updateMeter", tags=_TAGS, summary="Update meter")
    def change(meter_id_or_slug: str, body: Annotated[MeterUpdate, Body()]) -> MeterWire:
        return meter_wire(service.change(namespace(), meter_id_or_slug, body.change()))

    @router.delete(_METER, operation_id="deleteMeter", tags=_TAGS, summary="Delete meter")
    def delete(meter_id_or_slug: str) -> Response[None]:
        service.delete(namespace(), meter_id_or_slug)
        return Response(HTTPStatus.NO_CONTENT)

    @router.get(
        _BACKFILL, operation_id="getMeterBackfill", tags=_TAGS, summary="Get how far earlier events are read by a meter"
    )
    def backfill(meter_id_or_slug: str) -> MeterBackfillWire:
        return backfill_wire(service.backfill(namespace(), meter_id_or_slug))

    return router
