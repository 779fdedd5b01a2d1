"""Customer overrides over HTTP."""

from http import HTTPStatus
from typing import Annotated

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.event_handler.openapi.params import Body, Query

from meterhouse.billing.override import OverrideFilter, OverrideOrder
from meterhouse.billing.override_schema import OverrideCreate, OverrideExpand, OverrideWithDetails, override_to_wire
from meterhouse.billing.overrides import OverrideService
from meterhouse.billing.ports import PageOf
from meterhouse.platform.http import namespace_of
from meterhouse.platform.wire import Page, PageNumber, PageSize, SortOrder, Ulid

_CUSTOMERS = "/api/v1/billing/customers"
_CUSTOMER = "/api/v1/billing/customers/<customer_id>"
_TAGS = ["Billing"]
_Expand = Annotated[list[OverrideExpand] | None, Query()]


def override_routes(service: OverrideService) -> Router:
    router = Router()

    def namespace() -> str:
        return namespace_of(router.current_event.raw_event)

    _add_list(router, service)

    @router.get(
        _CUSTOMER,
        operation_id="getBillingProfileCustomerOverride",
        tags=_TAGS,
        summary="Get the billing profile a customer is invoiced on",
    )
    def get(customer_id: str, expand: _Expand = None) -> OverrideWithDetails:
        found = service.get(namespace(), customer_id)
        apps = service.apps_of(namespace(), [found]) if OverrideExpand.APPS in (expand or ()) else {}
        return override_to_wire(found, frozenset(expand or ()), apps.get(found.profile.app_id))

    @router.put(
        _CUSTOMER,
        operation_id="upsertBillingProfileCustomerOverride",
        tags=_TAGS,
        summary="Pin a customer to a billing profile",
    )
    def put(customer_id: str, body: Annotated[OverrideCreate, Body()]) -> OverrideWithDetails:
        return override_to_wire(service.put(namespace(), customer_id, body.billing_profile_id))

    @router.delete(
        _CUSTOMER,
        operation_id="deleteBillingProfileCustomerOverride",
        tags=_TAGS,
        summary="Let a customer follow the default billing profile",
    )
    def delete(customer_id: str) -> Response[None]:
        service.delete(namespace(), customer_id)
        return Response(HTTPStatus.NO_CONTENT)

    return router


def _add_list(router: Router, service: OverrideService) -> None:
    @router.get(
        _CUSTOMERS,
        operation_id="listBillingProfileCustomerOverrides",
        tags=_TAGS,
        summary="List customers with the billing profile each is invoiced on",
    )
    def page(
        *,
        billing_profile: Annotated[list[Ulid] | None, Query(alias="billingProfile")] = None,
        customers_without_pinned_profile: Annotated[bool, Query(alias="customersWithoutPinnedProfile")] = False,
        include_all_customers: Annotated[bool, Query(alias="includeAllCustomers")] = True,
        customer_id: Annotated[list[Ulid] | None, Query(alias="customerId")] = None,
        customer_name: Annotated[str | None, Query(alias="customerName")] = None,
        customer_key: Annotated[str | None, Query(alias="customerKey")] = None,
        customer_primary_email: Annotated[str | None, Query(alias="customerPrimaryEmail")] = None,
        expand: _Expand = None,
        page: Annotated[PageNumber, Query()] = 1,
        page_size: Annotated[PageSize, Query(alias="pageSize")] = 100,
        order: Annotated[SortOrder, Query()] = SortOrder.ASC,
        order_by: Annotated[OverrideOrder, Query(alias="orderBy")] = OverrideOrder.CUSTOMER_ID,
    ) -> Page[OverrideWithDetails]:
        wanted = OverrideFilter(
            profiles=billing_profile,
            customers=customer_id,
            name=customer_name,
            key=customer_key,
            primary_email=customer_primary_email,
            include_all=include_all_customers,
            only_unpinned=customers_without_pinned_profile,
        )
        of = PageOf(page, page_size, descending=order is SortOrder.DESC)
        namespace, expanded = namespace_of(router.current_event.raw_event), frozenset(expand or ())
        found, total = service.page(namespace, wanted, of, order_by)
        apps = service.apps_of(namespace, found) if OverrideExpand.APPS in expanded else {}
        items = [override_to_wire(one, expanded, apps.get(one.profile.app_id)) for one in found]
        return Page(total_count=total, page=page, page_size=page_size, items=items)
