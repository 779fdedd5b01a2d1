"""Credit grants and adjustments over HTTP, to the contract's third version."""

from collections.abc import Sequence
from datetime import datetime
from http import HTTPStatus
from typing import Annotated

from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.event_handler.openapi.params import Body, Path, Query

from meterhouse.ledger.credit_grant import CreditGrant, Funding, GrantStatus
from meterhouse.ledger.credit_schema import (
    BillingCreditAdjustment,
    BillingCreditGrant,
    CreateCreditAdjustmentRequest,
    CreateCreditGrantRequest,
    CreditGrantPagePaginatedResponse,
    UpdateCreditGrantExternalSettlementRequest,
    VoidCreditGrantRequest,
    adjustment_of,
    adjustment_wire,
    grant_wire,
    spec_of,
)
from meterhouse.ledger.filter_query import CurrencyEq
from meterhouse.ledger.management import Credits
from meterhouse.ledger.ports import GrantFilter
from meterhouse.platform.http import namespace_of
from meterhouse.platform.paged_query import refuse_other_pages
from meterhouse.platform.query_openapi import query_parameters
from meterhouse.platform.text_filter import ANY_TEXT, text_filter_parameter, text_filters
from meterhouse.platform.wire import PageMeta, PageNumber, PageSize, PaginatedMeta, Ulid

_TAGS = ["Credits"]
CREDITS = "/api/v3/openmeter/customers/<customer_id>/credits"
_GRANTS = f"{CREDITS}/grants"
_GRANT = f"{_GRANTS}/<credit_grant_id>"
_KEY = "key"
_FILTERS = ("filter[status]", "filter[currency]")
CustomerId = Annotated[Ulid, Path()]
GrantId = Annotated[Ulid, Path()]


def grant_routes(credits_: Credits) -> Router:
    router = Router()

    def namespace() -> str:
        return namespace_of(router.current_event.raw_event)

    def shown(grant: CreditGrant) -> BillingCreditGrant:
        return grants_wire(credits_, namespace(), [grant], credits_.reads.now())[0]

    @router.post(_GRANTS, operation_id="createCreditGrant", tags=_TAGS, summary="Grant credit")
    def create(
        customer_id: CustomerId, body: Annotated[CreateCreditGrantRequest, Body()]
    ) -> tuple[BillingCreditGrant, int]:
        return shown(credits_.grant(namespace(), customer_id, spec_of(body))), HTTPStatus.CREATED

    @router.get(
        _GRANTS,
        operation_id="listCreditGrants",
        tags=_TAGS,
        summary="List credit grants",
        openapi_extensions=query_parameters(text_filter_parameter(_KEY)),
    )
    def page(
        customer_id: CustomerId,
        size: Annotated[PageSize, Query(alias="page[size]")] = 100,
        number: Annotated[PageNumber, Query(alias="page[number]")] = 1,
        status: Annotated[GrantStatus | None, Query(alias="filter[status]")] = None,
        currency: CurrencyEq = None,
    ) -> CreditGrantPagePaginatedResponse:
        query = router.current_event.resolved_query_string_parameters
        refuse_other_pages(query)
        texts = text_filters(query, [_KEY], others=_FILTERS)
        wanted = GrantFilter(customer_id, credits_.reads.now(), status, currency, texts.get(_KEY, ANY_TEXT))
        found, total = credits_.reads.grants(namespace(), wanted, number, size)
        return CreditGrantPagePaginatedResponse(
            data=grants_wire(credits_, namespace(), found, wanted.at),
            meta=PaginatedMeta(page=PageMeta(number=number, size=size, total=total)),
        )

    @router.get(_GRANT, operation_id="getCreditGrant", tags=_TAGS, summary="Show a credit grant")
    def get(customer_id: CustomerId, credit_grant_id: GrantId) -> BillingCreditGrant:
        return shown(credits_.reads.grant(namespace(), customer_id, credit_grant_id))

    return router


def grants_wire(
    credits_: Credits, namespace: str, grants: Sequence[CreditGrant], at: datetime
) -> list[BillingCreditGrant]:
    """The grants with their statuses at `at`, and where they are paid."""
    paid_on = credits_.purchases.invoices_of(namespace, [one.id for one in grants if one.funding is Funding.INVOICE])
    return [grant_wire(grant, at, paid_on.get(grant.id)) for grant in grants]


def change_routes(credits_: Credits) -> Router:
    router = Router()

    def namespace() -> str:
        return namespace_of(router.current_event.raw_event)

    @router.post(
        f"{_GRANT}/settlement/external",
        operation_id="updateCreditGrantExternalSettlement",
        tags=_TAGS,
        summary="Tell how far the payment of a credit grant is that is paid outside",
    )
    def settle(
        customer_id: CustomerId,
        credit_grant_id: GrantId,
        body: Annotated[UpdateCreditGrantExternalSettlementRequest, Body()],
    ) -> BillingCreditGrant:
        settled = credits_.settle(namespace(), customer_id, credit_grant_id, body.status)
        return grants_wire(credits_, namespace(), [settled], credits_.reads.now())[0]

    @router.post(f"{_GRANT}/void", operation_id="voidCreditGrant", tags=_TAGS, summary="Void a credit grant")
    def void(
        customer_id: CustomerId,
        credit_grant_id: GrantId,
        _body: Annotated[VoidCreditGrantRequest | None, Body()] = None,
    ) -> BillingCreditGrant:
        voided = credits_.void(namespace(), customer_id, credit_grant_id)
        return grants_wire(credits_, namespace(), [voided], credits_.reads.now())[0]

    @router.post(
        f"{CREDITS}/adjustments",
        operation_id="createCreditAdjustment",
        tags=_TAGS,
        summary="Give or take credit by hand",
    )
    def adjust(
        customer_id: CustomerId, body: Annotated[CreateCreditAdjustmentRequest, Body()]
    ) -> tuple[BillingCreditAdjustment, int]:
        credits_.adjust(namespace(), customer_id, adjustment_of(body))
        return adjustment_wire(body), HTTPStatus.CREATED

    return router
