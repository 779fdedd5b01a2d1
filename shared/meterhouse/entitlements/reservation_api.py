"""Reservations over HTTP."""

from collections.abc import Callable
from datetime import datetime
from http import HTTPStatus
from typing import Annotated

from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.event_handler.openapi.params import Body, Header, Path, Query

from meterhouse.entitlements.reservation import ReservationState
from meterhouse.entitlements.reservation_schema import (
    ReservationCreate,
    ReservationSettle,
    ReservationWire,
    new_reservation,
    reservation_wire,
)
from meterhouse.entitlements.reservations import Place, Reservations
from meterhouse.platform import clock
from meterhouse.platform.http import namespace_of
from meterhouse.platform.wire import ExternalKey, Key, Page, PageNumber, PageSize, Ulid

_TAGS = ["Reservations"]
_ALL = "/api/v1/customers/<customer_id_or_key>/entitlements/<feature_key>/reservations"
_ONE = f"{_ALL}/<reservation_id>"
BRING_EVENTS = ("POST /api/v1/customers/{customerIdOrKey}/entitlements/{featureKey}/reservations",)
"""Who may bring no more events this month begins no work that would; what was held is settled all the same."""
CustomerIdOrKey = Annotated[ExternalKey, Path()]
FeatureKey = Annotated[Key, Path()]
ReservationId = Annotated[Ulid, Path()]
IdempotencyKey = Annotated[str, Header(alias="idempotency-key", min_length=1, max_length=255)]
"""Required: what is done twice would hold or count twice. The edge answers its repeats."""


def reservation_routes(service: Reservations, now: Callable[[], datetime] = clock.now) -> Router:
    router = Router()

    def namespace() -> str:
        return namespace_of(router.current_event.raw_event)

    @router.post(_ALL, operation_id="createReservation", tags=_TAGS, summary="Reserve usage")
    def reserve(
        customer_id_or_key: CustomerIdOrKey,
        feature_key: FeatureKey,
        _key: IdempotencyKey,
        body: Annotated[ReservationCreate, Body()],
    ) -> tuple[ReservationWire, int]:
        place = Place(customer_id_or_key, feature_key)
        held = service.reserve(namespace(), place, new_reservation(body))
        return reservation_wire(held, held.created_at), HTTPStatus.CREATED

    @router.get(_ALL, operation_id="listReservations", tags=_TAGS, summary="List reservations")
    def page(
        customer_id_or_key: CustomerIdOrKey,
        feature_key: FeatureKey,
        state: Annotated[list[ReservationState] | None, Query()] = None,
        page: Annotated[PageNumber, Query()] = 1,
        page_size: Annotated[PageSize, Query(alias="pageSize")] = 100,
    ) -> Page[ReservationWire]:
        place, at = Place(customer_id_or_key, feature_key), now()
        found, total = service.page(namespace(), place, state or (), size=page_size, number=page)
        items = [reservation_wire(one, at) for one in found]
        return Page(total_count=total, page=page, page_size=page_size, items=items)

    @router.get(_ONE, operation_id="getReservation", tags=_TAGS, summary="Get a reservation")
    def get(
        customer_id_or_key: CustomerIdOrKey, feature_key: FeatureKey, reservation_id: ReservationId
    ) -> ReservationWire:
        place = Place(customer_id_or_key, feature_key)
        return reservation_wire(service.get(namespace(), place, reservation_id), now())

    @router.post(f"{_ONE}/settle", operation_id="settleReservation", tags=_TAGS, summary="Settle a reservation")
    def settle(
        customer_id_or_key: CustomerIdOrKey,
        feature_key: FeatureKey,
        reservation_id: ReservationId,
        _key: IdempotencyKey,
        body: Annotated[ReservationSettle, Body()],
    ) -> ReservationWire:
        place = Place(customer_id_or_key, feature_key)
        settled = service.settle(namespace(), place, reservation_id, body.amount, body.data or {})
        return reservation_wire(settled, now())

    @router.post(f"{_ONE}/release", operation_id="releaseReservation", tags=_TAGS, summary="Release a reservation")
    def release(
        customer_id_or_key: CustomerIdOrKey,
        feature_key: FeatureKey,
        reservation_id: ReservationId,
        _key: IdempotencyKey,
    ) -> ReservationWire:
        place = Place(customer_id_or_key, feature_key)
        return reservation_wire(service.release(namespace(), place, reservation_id), now())

    return router
