"""Currencies, of states and of the house, over HTTP, to the contract's third version."""

from collections.abc import Callable, Sequence
from http import HTTPStatus
from operator import attrgetter
from typing import Annotated, Literal, TypeVar

from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.event_handler.openapi.params import Body, Path, Query

from meterhouse.catalog.custom_currency_schema import (
    BillingCostBasis,
    BillingCurrencyCustom,
    BillingCurrencyFiat,
    CostBasisPagePaginatedResponse,
    CreateCostBasisRequest,
    CreateCurrencyCustomRequest,
    CurrencyPagePaginatedResponse,
    cost_basis_spec,
    cost_basis_wire,
    currency_spec,
    custom_wire,
    fiat_wire,
)
from meterhouse.catalog.custom_currency_service import CustomCurrencyService, ShownCurrency
from meterhouse.kernel.currency import currencies
from meterhouse.kernel.errors import InvalidInput, Problem
from meterhouse.platform.http import namespace_of
from meterhouse.platform.paged_query import refuse_other_pages
from meterhouse.platform.query_openapi import query_parameters
from meterhouse.platform.text_filter import ANY_TEXT, refuse_other_filters, text_filter_parameter, text_filters
from meterhouse.platform.wire import CurrencyCode, PageMeta, PageNumber, PageSize, PaginatedMeta, Ulid

T = TypeVar("T")
_TAGS = ["Currencies"]
_CURRENCIES = "/api/v3/openmeter/currencies"
_CUSTOM = f"{_CURRENCIES}/custom"
_ONE = f"{_CUSTOM}/<currency_id>"
_COST_BASES = f"{_ONE}/cost-bases"
_TYPE, _CODE = "filter[type]", "code"
_ORDERS: dict[str, Callable[[BillingCurrencyFiat | BillingCurrencyCustom], str]] = {
    "code": attrgetter("code"),
    "name": attrgetter("name"),
}
CurrencyId = Annotated[Ulid, Path()]
Size = Annotated[PageSize, Query(alias="page[size]")]
Number = Annotated[PageNumber, Query(alias="page[number]")]


def all_currency_routes(service: CustomCurrencyService) -> Router:
    router = Router()

    @router.get(
        _CURRENCIES,
        operation_id="listAllCurrencies",
        tags=_TAGS,
        summary="List currencies, custom ones too",
        openapi_extensions=query_parameters(text_filter_parameter(_CODE)),
    )
    def page(
        size: Size = 100,
        number: Number = 1,
        sort: Annotated[str, Query()] = "code",
        expand: Annotated[list[Literal["cost_basis"]] | None, Query()] = None,
        kind: Annotated[Literal["fiat", "custom"] | None, Query(alias=_TYPE)] = None,
    ) -> CurrencyPagePaginatedResponse:
        query = router.current_event.resolved_query_string_parameters
        refuse_other_pages(query)
        texts = text_filters(query, [_CODE], others=[_TYPE])
        code = texts.get(_CODE, ANY_TEXT)
        custom = service.all(namespace_of(router.current_event.raw_event))
        found: list[BillingCurrencyFiat | BillingCurrencyCustom] = [
            *(fiat_wire(one) for one in currencies()),
            *(custom_wire(one, with_worth=bool(expand)) for one in custom),
        ]
        kept = [one for one in found if kind in {None, one.type} and code.admits(one.code)]
        shown, meta = _paged(_sorted(kept, sort), number, size)
        return CurrencyPagePaginatedResponse(data=shown, meta=meta)

    return router


def custom_currency_routes(service: CustomCurrencyService) -> Router:
    router = Router()

    def namespace() -> str:
        return namespace_of(router.current_event.raw_event)

    @router.post(_CUSTOM, operation_id="createCustomCurrency", tags=_TAGS, summary="Create a custom currency")
    def create(body: Annotated[CreateCurrencyCustomRequest, Body()]) -> tuple[BillingCurrencyCustom, int]:
        created = service.create(namespace(), currency_spec(body))
        return custom_wire(ShownCurrency(created, created.created_at), with_worth=False), HTTPStatus.CREATED

    @router.get(_ONE, operation_id="getCustomCurrency", tags=_TAGS, summary="Show a custom currency")
    def get(currency_id: CurrencyId) -> BillingCurrencyCustom:
        return custom_wire(service.get(namespace(), currency_id), with_worth=True)

    @router.get(_COST_BASES, operation_id="listCostBases", tags=_TAGS, summary="List what a custom currency is worth")
    def cost_bases(
        currency_id: CurrencyId,
        size: Size = 100,
        number: Number = 1,
        fiat_code: Annotated[CurrencyCode | None, Query(alias="filter[fiat_code]")] = None,
    ) -> CostBasisPagePaginatedResponse:
        query = router.current_event.resolved_query_string_parameters
        refuse_other_pages(query)
        refuse_other_filters(query, {"filter[fiat_code]"})
        bases = service.get(namespace(), currency_id).cost_bases
        kept = [cost_basis_wire(one) for one in bases if fiat_code in {None, one.fiat_code}]
        shown, meta = _paged(kept, number, size)
        return CostBasisPagePaginatedResponse(data=shown, meta=meta)

    @router.post(_COST_BASES, operation_id="createCostBasis", tags=_TAGS, summary="Say what a custom currency is worth")
    def add(currency_id: CurrencyId, body: Annotated[CreateCostBasisRequest, Body()]) -> tuple[BillingCostBasis, int]:
        added = service.add_cost_basis(namespace(), currency_id, cost_basis_spec(body))
        return cost_basis_wire(added), HTTPStatus.CREATED

    return router


def _sorted(
    found: Sequence[BillingCurrencyFiat | BillingCurrencyCustom], sort: str
) -> list[BillingCurrencyFiat | BillingCurrencyCustom]:
    by, _, direction = sort.partition(" ")
    if by not in _ORDERS or direction not in {"", "asc", "desc"}:
        fault = Problem("query:sort", "unsupported_sort", f"{' or '.join(_ORDERS)}, and asc or desc")
        raise InvalidInput("there is no such order", [fault])
    return sorted(found, key=_ORDERS[by], reverse=direction == "desc")


def _paged(rows: Sequence[T], number: int, size: int) -> tuple[list[T], PaginatedMeta]:
    start = (number - 1) * size
    meta = PaginatedMeta(page=PageMeta(number=number, size=size, total=len(rows)))
    return list(rows[start : start + size]), meta
