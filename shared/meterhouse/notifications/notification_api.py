"""Notifications over HTTP: what was told, how far it got, and sending it once more."""

from http import HTTPStatus
from typing import Annotated, Literal

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.event_handler.openapi.params import Body, Query

from meterhouse.billing.ports import PageOf
from meterhouse.notifications.notification import DeliveryState
from meterhouse.notifications.notification_schema import (
    NotificationEvent,
    NotificationEventResendRequest,
    notification_wire,
)
from meterhouse.notifications.notifications import NotificationService
from meterhouse.notifications.ports import NotificationFilter, Order
from meterhouse.platform.http import namespace_of
from meterhouse.platform.wire import Instant, Page, PageNumber, PageSize, SortOrder, Ulid, as_utc

_EVENTS = "/api/v1/notification/events"
_EVENT = f"{_EVENTS}/<event_id>"
_TAGS = ["Notifications"]
_Names = Annotated[list[str] | None, Query()]
_Ids = Annotated[list[Ulid] | None, Query()]


def notification_routes(service: NotificationService) -> Router:
    router = Router()

    def namespace() -> str:
        return namespace_of(router.current_event.raw_event)

    @router.get(_EVENTS, operation_id="listNotificationEvents", tags=_TAGS, summary="List what was told")
    def page(
        *,
        since: Annotated[Instant | None, Query(alias="from")] = None,
        until: Annotated[Instant | None, Query(alias="to")] = None,
        feature: _Names = None,
        subject: _Names = None,
        rule: _Ids = None,
        channel: _Ids = None,
        delivery: Annotated[list[DeliveryState] | None, Query()] = None,
        page: Annotated[PageNumber, Query()] = 1,
        page_size: Annotated[PageSize, Query(alias="pageSize")] = 100,
        order: Annotated[SortOrder, Query()] = SortOrder.ASC,
        order_by: Annotated[Literal["id", "createdAt"], Query(alias="orderBy")] = "createdAt",
    ) -> Page[NotificationEvent]:
        wanted = NotificationFilter(
            since=as_utc(since),
            until=as_utc(until),
            features=tuple(feature or ()),
            subjects=tuple(subject or ()),
            rules=tuple(rule or ()),
            channels=tuple(channel or ()),
            states=tuple(delivery or ()),
        )
        of = PageOf(page, page_size, descending=order is SortOrder.DESC)
        found, total = service.page(namespace(), wanted, of, Order(order_by))
        return Page(total_count=total, page=page, page_size=page_size, items=[notification_wire(one) for one in found])

    @router.get(_EVENT, operation_id="getNotificationEvent", tags=_TAGS, summary="Get what was told")
    def get(event_id: str) -> NotificationEvent:
        return notification_wire(service.get(namespace(), event_id))

    @router.post(
        f"{_EVENT}/resend",
        operation_id="resendNotificationEvent",
        tags=_TAGS,
        summary="Send it once more",
        status_code=HTTPStatus.ACCEPTED,
    )
    def resend(event_id: str, body: Annotated[NotificationEventResendRequest, Body()]) -> Response[None]:
        service.resend(namespace(), event_id, body.channels or ())
        return Response(HTTPStatus.ACCEPTED)

    return router
