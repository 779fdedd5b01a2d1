"""Tax codes over HTTP, to the contract's third version."""

from http import HTTPStatus
from typing import Annotated

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.event_handler.openapi.params import Body, Path, Query

from meterhouse.catalog.tax_code_schema import (
    BillingTaxCode,
    CreateTaxCodeRequest,
    OrganizationDefaultTaxCodes,
    TaxCodePagePaginatedResponse,
    UpdateOrganizationDefaultTaxCodesRequest,
    UpsertTaxCodeRequest,
    defaults_wire,
    tax_code_spec,
    tax_code_wire,
)
from meterhouse.catalog.tax_code_service import TaxCodeService
from meterhouse.platform.http import namespace_of
from meterhouse.platform.paged_query import refuse_other_pages
from meterhouse.platform.text_filter import refuse_other_filters
from meterhouse.platform.wire import PageMeta, PageNumber, PageSize, PaginatedMeta, Ulid

_TAGS = ["Tax codes"]
_CODES = "/api/v3/openmeter/tax-codes"
_CODE = f"{_CODES}/<tax_code_id>"
_DEFAULTS = "/api/v3/openmeter/defaults/tax-codes"
CodeId = Annotated[Ulid, Path()]


def tax_code_routes(service: TaxCodeService) -> Router:
    router = Router()

    def namespace() -> str:
        return namespace_of(router.current_event.raw_event)

    @router.post(_CODES, operation_id="createTaxCode", tags=_TAGS, summary="Create a tax code")
    def create(body: Annotated[CreateTaxCodeRequest, Body()]) -> tuple[BillingTaxCode, int]:
        return tax_code_wire(service.create(namespace(), body.key, tax_code_spec(body))), HTTPStatus.CREATED

    @router.get(_CODES, operation_id="listTaxCodes", tags=_TAGS, summary="List tax codes")
    def page(
        size: Annotated[PageSize, Query(alias="page[size]")] = 100,
        number: Annotated[PageNumber, Query(alias="page[number]")] = 1,
        include_deleted: Annotated[bool, Query()] = False,
    ) -> TaxCodePagePaginatedResponse:
        query = router.current_event.resolved_query_string_parameters
        refuse_other_pages(query)
        refuse_other_filters(query, ())
        found, total = service.page(namespace(), include_deleted=include_deleted, number=number, size=size)
        meta = PaginatedMeta(page=PageMeta(number=number, size=size, total=total))
        return TaxCodePagePaginatedResponse(data=[tax_code_wire(code) for code in found], meta=meta)

    @router.get(_CODE, operation_id="getTaxCode", tags=_TAGS, summary="Show a tax code")
    def get(tax_code_id: CodeId) -> BillingTaxCode:
        return tax_code_wire(service.get(namespace(), tax_code_id))

    @router.put(_CODE, operation_id="upsertTaxCode", tags=_TAGS, summary="Rewrite a tax code")
    def put(tax_code_id: CodeId, body: Annotated[UpsertTaxCodeRequest, Body()]) -> BillingTaxCode:
        return tax_code_wire(service.replace(namespace(), tax_code_id, tax_code_spec(body)))

    @router.delete(_CODE, operation_id="deleteTaxCode", tags=_TAGS, summary="Delete a tax code")
    def delete(tax_code_id: CodeId) -> Response[None]:
        service.delete(namespace(), tax_code_id)
        return Response(HTTPStatus.NO_CONTENT)

    return router


def default_tax_code_routes(service: TaxCodeService) -> Router:
    router = Router()

    def namespace() -> str:
        return namespace_of(router.current_event.raw_event)

    @router.get(_DEFAULTS, operation_id="getDefaultTaxCodes", tags=_TAGS, summary="Show the default tax codes")
    def get() -> OrganizationDefaultTaxCodes:
        return defaults_wire(service.defaults(namespace()))

    @router.put(_DEFAULTS, operation_id="updateDefaultTaxCodes", tags=_TAGS, summary="Set the default tax codes")
    def put(body: Annotated[UpdateOrganizationDefaultTaxCodesRequest, Body()]) -> OrganizationDefaultTaxCodes:
        invoicing, grants = body.invoicing_tax_code, body.credit_grant_tax_code
        return defaults_wire(
            service.set_defaults(
                namespace(), None if invoicing is None else invoicing.id, None if grants is None else grants.id
            )
        )

    return router
