"""Subscriptions over HTTP."""

from collections.abc import Callable
from datetime import datetime
from enum import StrEnum
from http import HTTPStatus
from typing import Annotated

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.event_handler.openapi.params import Body, Path, Query

from meterhouse.platform import clock
from meterhouse.platform.http import namespace_of
from meterhouse.platform.wire import Instant, Page, PageNumber, PageSize, SortOrder, Ulid
from meterhouse.subscriptions.model import Subscription, SubscriptionStatus
from meterhouse.subscriptions.request_schema import SubscriptionCancel, SubscriptionCreate, new_subscription_of
from meterhouse.subscriptions.schema import (
    SubscriptionExpanded,
    SubscriptionWire,
    subscription_expanded,
    subscription_to_wire,
)
from meterhouse.subscriptions.service import SubscriptionService

_TAGS = ["Subscriptions"]
_SUBSCRIPTIONS = "/api/v1/subscriptions"
_SUBSCRIPTION = "/api/v1/subscriptions/<subscription_id>"
_OF_CUSTOMER = "/api/v1/customers/<customer_id_or_key>/subscriptions"
SubscriptionId = Annotated[Ulid, Path()]


class OrderBy(StrEnum):
    ACTIVE_FROM = "activeFrom"
    ACTIVE_TO = "activeTo"


def routes(service: SubscriptionService, now: Callable[[], datetime] = clock.now) -> Router:
    router = Router()

    def namespace() -> str:
        return namespace_of(router.current_event.raw_event)

    @router.post(_SUBSCRIPTIONS, operation_id="createSubscription", tags=_TAGS, summary="Create subscription")
    def create(body: Annotated[SubscriptionCreate, Body()]) -> tuple[SubscriptionWire, int]:
        made = service.create(namespace(), new_subscription_of(body))
        return subscription_to_wire(made, now()), HTTPStatus.CREATED

    @router.get(_SUBSCRIPTION, operation_id="getSubscription", tags=_TAGS, summary="Get subscription")
    def get(subscription_id: SubscriptionId, at: Annotated[Instant | None, Query()] = None) -> SubscriptionExpanded:
        return subscription_expanded(service.get_in_full(namespace(), subscription_id), at or now())

    @router.delete(_SUBSCRIPTION, operation_id="deleteSubscription", tags=_TAGS, summary="Delete subscription")
    def delete(subscription_id: SubscriptionId) -> Response[None]:
        service.delete(namespace(), subscription_id)
        return Response(HTTPStatus.NO_CONTENT)

    @router.post(
        f"{_SUBSCRIPTION}/cancel", operation_id="cancelSubscription", tags=_TAGS, summary="Cancel subscription"
    )
    def cancel(
        subscription_id: SubscriptionId, body: Annotated[SubscriptionCancel | None, Body()] = None
    ) -> SubscriptionWire:
        timing = (body or SubscriptionCancel()).timing
        return subscription_to_wire(service.cancel(namespace(), subscription_id, timing), now())

    @router.post(
        f"{_SUBSCRIPTION}/unschedule-cancelation",
        operation_id="unscheduleCancelation",
        tags=_TAGS,
        summary="Unschedule cancelation",
    )
    def unschedule_cancelation(subscription_id: SubscriptionId) -> SubscriptionWire:
        return subscription_to_wire(service.unschedule_cancelation(namespace(), subscription_id), now())

    @router.get(
        _OF_CUSTOMER, operation_id="listCustomerSubscriptions", tags=_TAGS, summary="List customer subscriptions"
    )
    def of_customer(
        customer_id_or_key: str,
        status: Annotated[list[SubscriptionStatus] | None, Query()] = None,
        order: Annotated[SortOrder, Query()] = SortOrder.ASC,
        order_by: Annotated[OrderBy, Query(alias="orderBy")] = OrderBy.ACTIVE_FROM,
        page: Annotated[PageNumber, Query()] = 1,
        page_size: Annotated[PageSize, Query(alias="pageSize")] = 100,
    ) -> Page[SubscriptionWire]:
        found = service.of_customer(namespace(), customer_id_or_key, status or ())
        found.sort(key=_ends if order_by is OrderBy.ACTIVE_TO else _starts, reverse=order is SortOrder.DESC)
        shown, at = found[(page - 1) * page_size : page * page_size], now()
        items = [subscription_to_wire(subscription, at) for subscription in shown]
        return Page(total_count=len(found), page=page, page_size=page_size, items=items)

    return router


def _starts(subscription: Subscription) -> tuple[datetime, str]:
    return subscription.active_from, subscription.id


def _ends(subscription: Subscription) -> tuple[bool, datetime, str]:
    """Those without an end come last."""
    end = subscription.active_to
    return end is None, end or subscription.active_from, subscription.id
