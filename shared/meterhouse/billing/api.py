"""Billing over HTTP: profiles; overrides and invoices in files of their own."""

from http import HTTPStatus
from typing import Annotated

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.event_handler.openapi.params import Body, Query

from meterhouse.billing.act_on_invoice import InvoiceActions
from meterhouse.billing.credit_note_api import credit_note_routes
from meterhouse.billing.credit_notes import CreditNoteService
from meterhouse.billing.edit_invoice import EditInvoice
from meterhouse.billing.finding_api import finding_routes
from meterhouse.billing.findings import FindingService
from meterhouse.billing.invoice_api import invoice_routes
from meterhouse.billing.invoice_pending_lines import InvoicePendingLines
from meterhouse.billing.line_api import line_routes
from meterhouse.billing.manual_lines import ManualLines
from meterhouse.billing.override_api import override_routes
from meterhouse.billing.overrides import OverrideService
from meterhouse.billing.ports import PageOf, ProfileOrder
from meterhouse.billing.profiles import ProfileService
from meterhouse.billing.schema import (
    ProfileCreate,
    ProfileExpand,
    ProfileUpdate,
    ProfileWire,
    apps_from_wire,
    profile_to_wire,
    spec_from_wire,
)
from meterhouse.billing.service import InvoiceService
from meterhouse.platform.http import namespace_of
from meterhouse.platform.wire import Page, PageNumber, PageSize, SortOrder

_PROFILES = "/api/v1/billing/profiles"
_PROFILE = "/api/v1/billing/profiles/<id>"
_TAGS = ["Billing"]
_Expand = Annotated[list[ProfileExpand] | None, Query()]


def routes(
    profiles: ProfileService,
    overrides: OverrideService,
    lines: ManualLines,
    invoices: InvoiceService,
    actions: InvoiceActions,
    invoice_now: InvoicePendingLines,
    edit: EditInvoice,
    notes: CreditNoteService,
    findings: FindingService,
) -> tuple[Router, ...]:
    return (
        profile_routes(profiles),
        override_routes(overrides),
        line_routes(lines),
        invoice_routes(invoices, actions, invoice_now, edit),
        credit_note_routes(notes),
        finding_routes(findings),
    )


def profile_routes(service: ProfileService) -> Router:
    router = Router()

    def namespace() -> str:
        return namespace_of(router.current_event.raw_event)

    @router.get(_PROFILES, operation_id="listBillingProfiles", tags=_TAGS, summary="List billing profiles")
    def page(
        page: Annotated[PageNumber, Query()] = 1,
        page_size: Annotated[PageSize, Query(alias="pageSize")] = 100,
        order: Annotated[SortOrder, Query()] = SortOrder.ASC,
        order_by: Annotated[ProfileOrder, Query(alias="orderBy")] = ProfileOrder.CREATED_AT,
        include_archived: Annotated[bool, Query(alias="includeArchived")] = False,
        expand: _Expand = None,
    ) -> Page[ProfileWire]:
        wanted = PageOf(page, page_size, descending=order is SortOrder.DESC)
        found, total = service.page(namespace(), wanted, order_by, include_archived=include_archived)
        apps = service.apps_of(namespace(), found) if expand else {}
        items = [profile_to_wire(profile, apps.get(profile.app_id)) for profile in found]
        return Page(total_count=total, page=page, page_size=page_size, items=items)

    @router.post(_PROFILES, operation_id="createBillingProfile", tags=_TAGS, summary="Create billing profile")
    def create(body: Annotated[ProfileCreate, Body()]) -> tuple[ProfileWire, int]:
        made = service.create(namespace(), spec_from_wire(body), apps_from_wire(body.apps))
        return profile_to_wire(made), HTTPStatus.CREATED

    @router.get(_PROFILE, operation_id="getBillingProfile", tags=_TAGS, summary="Get billing profile")
    def get(id: str, expand: _Expand = None) -> ProfileWire:  # noqa: A002 - the contract's name of the parameter
        found = service.get(namespace(), id)
        apps = service.apps_of(namespace(), [found]) if expand else {}
        return profile_to_wire(found, apps.get(found.app_id))

    @router.put(_PROFILE, operation_id="updateBillingProfile", tags=_TAGS, summary="Update billing profile")
    def replace(id: str, body: Annotated[ProfileUpdate, Body()]) -> ProfileWire:  # noqa: A002 - as above
        return profile_to_wire(service.replace(namespace(), id, spec_from_wire(body)))

    @router.delete(_PROFILE, operation_id="deleteBillingProfile", tags=_TAGS, summary="Delete billing profile")
    def delete(id: str) -> Response[None]:  # noqa: A002 - as above
        service.delete(namespace(), id)
        return Response(HTTPStatus.NO_CONTENT)

    return router
