"""What apps know of customers, over HTTP."""

from http import HTTPStatus
from typing import Annotated

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.event_handler.openapi.params import Body, Query

from meterhouse.billing.installed_app import AppType
from meterhouse.billing.ports import PageOf
from meterhouse.payments.customer_app_schema import (
    CustomerDataWire,
    CustomerItem,
    StripeCustomerBase,
    StripeCustomerWire,
    data_to_wire,
    stripe_from_wire,
    stripe_to_wire,
    wanted_from_wire,
)
from meterhouse.payments.customer_apps import CustomerAppService
from meterhouse.platform.http import namespace_of
from meterhouse.platform.wire import Page, PageNumber, PageSize

_DATA = "/api/v1/customers/<customer_id_or_key>/apps"
_STRIPE = "/api/v1/customers/<customer_id_or_key>/stripe"
_TAGS = ["Customers"]
_MOST_APPS = 100


def customer_app_routes(service: CustomerAppService) -> Router:
    router = Router()

    def namespace() -> str:
        return namespace_of(router.current_event.raw_event)

    @router.get(_DATA, operation_id="listCustomerAppData", tags=_TAGS, summary="List what apps know of a customer")
    def page(
        customer_id_or_key: str,
        page: Annotated[PageNumber, Query()] = 1,
        page_size: Annotated[PageSize, Query(alias="pageSize")] = 100,
        kind: Annotated[AppType | None, Query(alias="type")] = None,
    ) -> Page[CustomerDataWire]:
        found, total = service.page(namespace(), customer_id_or_key, kind, PageOf(page, page_size))
        return Page(total_count=total, page=page, page_size=page_size, items=[data_to_wire(one) for one in found])

    @router.put(_DATA, operation_id="upsertCustomerAppData", tags=_TAGS, summary="Tell apps of a customer")
    def put(
        customer_id_or_key: str, body: Annotated[list[CustomerItem], Body(max_length=_MOST_APPS)]
    ) -> list[CustomerDataWire]:
        done = service.put(namespace(), customer_id_or_key, wanted_from_wire(body))
        return [data_to_wire(one) for one in done]

    @router.delete(
        f"{_DATA}/<app_id>",
        operation_id="deleteCustomerAppData",
        tags=_TAGS,
        summary="Let an app know nothing of a customer",
    )
    def remove(customer_id_or_key: str, app_id: str) -> Response[None]:
        service.remove(namespace(), customer_id_or_key, app_id)
        return Response(HTTPStatus.NO_CONTENT)

    @router.get(
        _STRIPE, operation_id="getCustomerStripeAppData", tags=_TAGS, summary="Get what Stripe knows of a customer"
    )
    def get_stripe(customer_id_or_key: str) -> StripeCustomerWire:
        return stripe_to_wire(service.of_stripe(namespace(), customer_id_or_key))

    @router.put(
        _STRIPE, operation_id="upsertCustomerStripeAppData", tags=_TAGS, summary="Tell who a customer is at Stripe"
    )
    def put_stripe(customer_id_or_key: str, body: Annotated[StripeCustomerBase, Body()]) -> StripeCustomerWire:
        return stripe_to_wire(service.put_stripe(namespace(), customer_id_or_key, stripe_from_wire(body)))

    return router
