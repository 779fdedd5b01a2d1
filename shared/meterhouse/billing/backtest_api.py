"""Backtests over HTTP."""

from http import HTTPStatus
from typing import Annotated

from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.event_handler.openapi.params import Body, Query

from meterhouse.billing.backtest_ports import RowOrder
from meterhouse.billing.backtest_schema import (
    BacktestCreate,
    BacktestCustomerDetails,
    BacktestDetails,
    BacktestWire,
    backtest_details,
    backtest_to_wire,
    customer_details,
    wanted_of,
)
from meterhouse.billing.backtests import BacktestService
from meterhouse.billing.ports import PageOf
from meterhouse.billing.start_backtest import StartBacktest
from meterhouse.platform.http import namespace_of
from meterhouse.platform.wire import Page, PageNumber, PageSize, SortOrder

_PLAN = "/api/v1/plans/<plan_id>"
_BACKTEST = f"{_PLAN}/backtests/<backtest_id>"
_TAGS = ["Backtests"]


def backtest_routes(start_backtest: StartBacktest, service: BacktestService) -> Router:
    router = Router()

    def namespace() -> str:
        return namespace_of(router.current_event.raw_event)

    @router.post(
        f"{_PLAN}/backtest",
        operation_id="startBacktest",
        tags=_TAGS,
        summary="Rate the last periods of customers under this plan",
        status_code=HTTPStatus.ACCEPTED,
    )
    def start(plan_id: str, body: Annotated[BacktestCreate, Body()]) -> tuple[BacktestWire, int]:
        started = start_backtest(namespace(), wanted_of(plan_id, body))
        return backtest_to_wire(service.shown(namespace(), started)), HTTPStatus.ACCEPTED

    @router.get(f"{_PLAN}/backtests", operation_id="listBacktests", tags=_TAGS, summary="List backtests of a plan")
    def page(
        plan_id: str,
        page: Annotated[PageNumber, Query()] = 1,
        page_size: Annotated[PageSize, Query(alias="pageSize")] = 100,
        order: Annotated[SortOrder, Query()] = SortOrder.DESC,
    ) -> Page[BacktestWire]:
        wanted = PageOf(page, page_size, descending=order is SortOrder.DESC)
        found, total = service.page(namespace(), plan_id, wanted)
        items = [backtest_to_wire(one) for one in found]
        return Page(total_count=total, page=page, page_size=page_size, items=items)

    @router.get(_BACKTEST, operation_id="getBacktest", tags=_TAGS, summary="Get backtest with a page of its customers")
    def get(
        plan_id: str,
        backtest_id: str,
        page: Annotated[PageNumber, Query()] = 1,
        page_size: Annotated[PageSize, Query(alias="pageSize")] = 100,
        order: Annotated[SortOrder, Query()] = SortOrder.ASC,
        order_by: Annotated[RowOrder, Query(alias="orderBy")] = RowOrder.CUSTOMER_ID,
    ) -> BacktestDetails:
        wanted = PageOf(page, page_size, descending=order is SortOrder.DESC)
        return backtest_details(service.get(namespace(), plan_id, backtest_id, wanted, order_by), page, page_size)

    @router.get(
        f"{_BACKTEST}/customers/<customer_id>",
        operation_id="getBacktestCustomer",
        tags=_TAGS,
        summary="Get a customer of a backtest, line by line",
    )
    def customer(plan_id: str, backtest_id: str, customer_id: str) -> BacktestCustomerDetails:
        return customer_details(*service.row(namespace(), plan_id, backtest_id, customer_id))

    return router
