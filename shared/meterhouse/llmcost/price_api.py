"""Prices of language models over HTTP, to the contract's third version."""

from http import HTTPStatus
from typing import Annotated

from aws_lambda_powertools.event_handler.api_gateway import Response, Router
from aws_lambda_powertools.event_handler.openapi.params import Body, Path, Query

from meterhouse.kernel.errors import InvalidInput, Problem
from meterhouse.llmcost.manage_prices import ManagePrices
from meterhouse.llmcost.ports import FILTERED, PageOf, PriceFilter, PriceOrder
from meterhouse.llmcost.price_schema import (
    LLMCostOverrideCreate,
    LLMCostPrice,
    PricePagePaginatedResponse,
    price_page,
    price_wire,
)
from meterhouse.platform.http import namespace_of
from meterhouse.platform.paged_query import refuse_other_pages
from meterhouse.platform.query_openapi import query_parameters
from meterhouse.platform.text_filter import text_filter_parameter, text_filters
from meterhouse.platform.wire import PageNumber, PageSize, Text, Ulid

_TAGS = ["LLM cost"]
_PRICES = "/api/v3/openmeter/llm-cost/prices"
_OVERRIDES = "/api/v3/openmeter/llm-cost/overrides"
_ORDERS = {"provider.id": PriceOrder.PROVIDER, "model.id": PriceOrder.MODEL_ID} | {one.value: one for one in PriceOrder}
PriceId = Annotated[Ulid, Path()]
Size = Annotated[PageSize, Query(alias="page[size]")]
Number = Annotated[PageNumber, Query(alias="page[number]")]
_FILTERS = query_parameters(*(text_filter_parameter(name) for name in FILTERED))


def price_routes(prices: ManagePrices) -> Router:
    router = Router()

    @router.get(
        _PRICES,
        operation_id="listLlmCostPrices",
        tags=_TAGS,
        summary="List prices of language models",
        openapi_extensions=_FILTERS,
    )
    def page(size: Size = 100, number: Number = 1, sort: Annotated[Text, Query()] = None) -> PricePagePaginatedResponse:
        wanted = _wanted(router)
        asked = _page(number, size, sort)
        return price_page(asked, *prices.page(namespace_of(router.current_event.raw_event), wanted, asked))

    @router.get(f"{_PRICES}/<price_id>", operation_id="getLlmCostPrice", tags=_TAGS, summary="Show a price")
    def get(price_id: PriceId) -> LLMCostPrice:
        return price_wire(prices.get(namespace_of(router.current_event.raw_event), price_id))

    return router


def override_routes(prices: ManagePrices) -> Router:
    router = Router()

    def namespace() -> str:
        return namespace_of(router.current_event.raw_event)

    @router.get(
        _OVERRIDES,
        operation_id="listLlmCostOverrides",
        tags=_TAGS,
        summary="List prices of your own",
        openapi_extensions=_FILTERS,
    )
    def page(size: Size = 100, number: Number = 1) -> PricePagePaginatedResponse:
        asked = PageOf(number, size)
        return price_page(asked, *prices.overrides(namespace(), _wanted(router), asked))

    @router.post(
        _OVERRIDES, operation_id="createLlmCostOverride", tags=_TAGS, summary="Set a price of your own for a model"
    )
    def create(body: Annotated[LLMCostOverrideCreate, Body()]) -> tuple[LLMCostPrice, int]:
        return price_wire(prices.override(namespace(), body.spec())), HTTPStatus.CREATED

    @router.delete(
        f"{_OVERRIDES}/<price_id>", operation_id="deleteLlmCostOverride", tags=_TAGS, summary="Delete a price of yours"
    )
    def remove(price_id: PriceId) -> Response[None]:
        prices.remove(namespace(), price_id)
        return Response(HTTPStatus.NO_CONTENT)

    return router


def _wanted(router: Router) -> PriceFilter:
    query = router.current_event.resolved_query_string_parameters
    refuse_other_pages(query)
    return text_filters(query, FILTERED)


def _page(number: int, size: int, sort: str | None) -> PageOf:
    """The contract's `sort`: a field, and `desc` after it, or not."""
    name, _, direction = (sort or "model.id").strip().partition(" ")
    if name not in _ORDERS or direction.strip().lower() not in {"", "asc", "desc"}:
        fault = Problem("query:sort", "unknown_sort", f"one of {', '.join(_ORDERS)}, then asc or desc")
        raise InvalidInput("the list cannot be ordered so", [fault])
    return PageOf(number, size, _ORDERS[name], direction.strip().lower() == "desc")
