"""Who subscribes, over HTTP: ours, the contract's first version has no such routes."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated

from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.event_handler.openapi.params import Query

from meterhouse.platform import clock
from meterhouse.platform.http import namespace_of
from meterhouse.platform.wire import Page, PageNumber, PageSize
from meterhouse.subscriptions.model import Subscription, SubscriptionStatus
from meterhouse.subscriptions.of_plan import ListSubscriptions
from meterhouse.subscriptions.schema import SubscriptionWire, subscription_to_wire

_Statuses = Annotated[list[SubscriptionStatus] | None, Query()]
_PageNumber = Annotated[PageNumber, Query()]
_PageSize = Annotated[PageSize, Query(alias="pageSize")]


def of_plan_routes(subscriptions: ListSubscriptions, now: Callable[[], datetime] = clock.now) -> Router:
    router = Router()

    def page_of(found: tuple[list[Subscription], int], page: int, page_size: int) -> Page[SubscriptionWire]:
        at, (some, total) = now(), found
        items = [subscription_to_wire(one, at) for one in some]
        return Page(total_count=total, page=page, page_size=page_size, items=items)

    @router.get(
        "/api/v1/subscriptions",
        operation_id="listAllSubscriptions",
        tags=["Subscriptions"],
        summary="List all subscriptions by their start",
    )
    def all_of_them(
        status: _Statuses = None,
        page: _PageNumber = 1,
        page_size: _PageSize = 100,
    ) -> Page[SubscriptionWire]:
        namespace = namespace_of(router.current_event.raw_event)
        return page_of(subscriptions(namespace, status or (), page_size, (page - 1) * page_size), page, page_size)

    @router.get(
        "/api/v1/plans/<plan_id>/subscriptions",
        operation_id="listPlanSubscriptions",
        tags=["Subscriptions"],
        summary="List the subscriptions to a version of a plan, given its id, or to all versions of a key",
    )
    def of_plan(
        plan_id: str,
        status: _Statuses = None,
        page: _PageNumber = 1,
        page_size: _PageSize = 100,
    ) -> Page[SubscriptionWire]:
        namespace = namespace_of(router.current_event.raw_event)
        found = subscriptions.of_plan(namespace, plan_id, status or (), page_size, (page - 1) * page_size)
        return page_of(found, page, page_size)

    return router
