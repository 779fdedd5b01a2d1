"""Who subscribes to a plan, over HTTP: ours, the contract has no such route."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated

from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.event_handler.openapi.params import Query

from meterhouse.platform import clock
from meterhouse.platform.http import namespace_of
from meterhouse.platform.wire import Page, PageNumber, PageSize
from meterhouse.subscriptions.model import SubscriptionStatus
from meterhouse.subscriptions.of_plan import SubscriptionsOfPlan
from meterhouse.subscriptions.schema import SubscriptionWire, subscription_to_wire


def of_plan_routes(subscriptions_of_plan: SubscriptionsOfPlan, now: Callable[[], datetime] = clock.now) -> Router:
    router = Router()

    @router.get(
        "/api/v1/plans/<plan_id>/subscriptions",
        operation_id="listPlanSubscriptions",
        tags=["Subscriptions"],
        summary="List the subscriptions to a version of a plan, given its id, or to all versions of a key",
    )
    def of_plan(
        plan_id: str,
        status: Annotated[list[SubscriptionStatus] | None, Query()] = None,
        page: Annotated[PageNumber, Query()] = 1,
        page_size: Annotated[PageSize, Query(alias="pageSize")] = 100,
    ) -> Page[SubscriptionWire]:
        namespace, at = namespace_of(router.current_event.raw_event), now()
        found, total = subscriptions_of_plan(namespace, plan_id, status or (), page_size, (page - 1) * page_size)
        items = [subscription_to_wire(one, at) for one in found]
        return Page(total_count=total, page=page, page_size=page_size, items=items)

    return router
