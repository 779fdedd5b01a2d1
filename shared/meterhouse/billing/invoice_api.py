"""Invoices over HTTP."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Annotated

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.event_handler.openapi.params import Body, Query

from meterhouse.billing.act_on_invoice import InvoiceActions
from meterhouse.billing.edit_invoice import EditInvoice
from meterhouse.billing.edit_schema import InvoiceReplaceUpdate, edit_from_wire
from meterhouse.billing.invoice_pending_lines import InvoicePendingLines
from meterhouse.billing.invoice_schema import (
    DiscardLine,
    InvoiceExpand,
    InvoiceStatus,
    InvoiceWire,
    PendingLinesAction,
    VoidAction,
    VoidInvoice,
)
from meterhouse.billing.invoice_wire import invoice_to_wire
from meterhouse.billing.ports import InvoiceFilter, InvoiceOrder, PageOf
from meterhouse.billing.service import InvoiceService, Shown
from meterhouse.billing.void import Again, Voiding
from meterhouse.kernel.errors import InvalidInput, Problem
from meterhouse.kernel.repeats import repeats
from meterhouse.platform.http import namespace_of
from meterhouse.platform.wire import Instant, Page, PageNumber, PageSize, SortOrder, Ulid, as_utc

_INVOICES = "/api/v1/billing/invoices"
_INVOICE = "/api/v1/billing/invoices/<invoice_id>"
_TAGS = ["Billing"]
_WITH_LINES = frozenset({InvoiceExpand.LINES})
_Expand = Annotated[list[InvoiceExpand] | None, Query()]


def invoice_routes(
    service: InvoiceService, actions: InvoiceActions, invoice_now: InvoicePendingLines, edit: EditInvoice
) -> Router:
    router = Router()

    def namespace() -> str:
        return namespace_of(router.current_event.raw_event)

    _reading(router, service, namespace)
    _acting(router, actions, invoice_now, namespace)
    _editing(router, edit, namespace)
    return router


def _reading(router: Router, service: InvoiceService, namespace: Callable[[], str]) -> None:
    @router.get(_INVOICES, operation_id="listInvoices", tags=_TAGS, summary="List invoices")
    def page(
        *,
        statuses: Annotated[list[InvoiceStatus] | None, Query()] = None,
        extended_statuses: Annotated[list[str] | None, Query(alias="extendedStatuses")] = None,
        issued_after: Annotated[Instant | None, Query(alias="issuedAfter")] = None,
        issued_before: Annotated[Instant | None, Query(alias="issuedBefore")] = None,
        period_start_after: Annotated[Instant | None, Query(alias="periodStartAfter")] = None,
        period_start_before: Annotated[Instant | None, Query(alias="periodStartBefore")] = None,
        created_after: Annotated[Instant | None, Query(alias="createdAfter")] = None,
        created_before: Annotated[Instant | None, Query(alias="createdBefore")] = None,
        expand: _Expand = None,
        customers: Annotated[list[Ulid] | None, Query()] = None,
        include_deleted: Annotated[bool, Query(alias="includeDeleted")] = False,
        page: Annotated[PageNumber, Query()] = 1,
        page_size: Annotated[PageSize, Query(alias="pageSize")] = 100,
        order: Annotated[SortOrder, Query()] = SortOrder.ASC,
        order_by: Annotated[InvoiceOrder, Query(alias="orderBy")] = InvoiceOrder.CREATED_AT,
    ) -> Page[InvoiceWire]:
        wanted = InvoiceFilter(
            statuses=statuses,
            states=extended_statuses,
            customers=customers,
            issued_after=as_utc(issued_after),
            issued_before=as_utc(issued_before),
            period_start_after=as_utc(period_start_after),
            period_start_before=as_utc(period_start_before),
            created_after=as_utc(created_after),
            created_before=as_utc(created_before),
            include_deleted=include_deleted,
        )
        of = PageOf(page, page_size, descending=order is SortOrder.DESC)
        found, total = service.page(namespace(), wanted, of, order_by)
        apps = service.apps_of(namespace(), found) if InvoiceExpand.WORKFLOW_APPS in (expand or ()) else {}
        items = [invoice_to_wire(one, frozenset(expand or ()), apps.get(one.invoice.app_id)) for one in found]
        return Page(total_count=total, page=page, page_size=page_size, items=items)

    @router.get(_INVOICE, operation_id="getInvoice", tags=_TAGS, summary="Get invoice")
    def get(
        invoice_id: str,
        expand: _Expand = None,
        include_deleted_lines: Annotated[bool, Query(alias="includeDeletedLines")] = False,
    ) -> InvoiceWire:
        shown = service.get(namespace(), invoice_id, include_deleted_lines=include_deleted_lines)
        apps = service.apps_of(namespace(), [shown]) if InvoiceExpand.WORKFLOW_APPS in (expand or ()) else {}
        expanded = _WITH_LINES if expand is None else frozenset(expand)
        return invoice_to_wire(shown, expanded, apps.get(shown.invoice.app_id))


def _acting(
    router: Router, actions: InvoiceActions, invoice_now: InvoicePendingLines, namespace: Callable[[], str]
) -> None:
    @router.post(
        f"{_INVOICES}/invoice", operation_id="invoicePendingLinesAction", tags=_TAGS, summary="Invoice pending lines"
    )
    def invoice(body: Annotated[PendingLinesAction, Body()]) -> tuple[list[InvoiceWire], int]:
        line_ids = None if body.filters is None else body.filters.line_ids
        override = body.progressive_billing_override
        made = invoice_now(namespace(), body.customer_id, as_utc(body.as_of), line_ids, is_progressive=override)
        return [_with_lines(one) for one in made], HTTPStatus.CREATED

    @router.post(f"{_INVOICE}/advance", operation_id="advanceInvoiceAction", tags=_TAGS, summary="Advance invoice")
    def advance(invoice_id: str) -> InvoiceWire:
        return _with_lines(actions.advance(namespace(), invoice_id))

    @router.post(f"{_INVOICE}/approve", operation_id="approveInvoiceAction", tags=_TAGS, summary="Approve invoice")
    def approve(invoice_id: str) -> InvoiceWire:
        return _with_lines(actions.approve(namespace(), invoice_id))

    @router.post(f"{_INVOICE}/retry", operation_id="retryInvoiceAction", tags=_TAGS, summary="Retry invoice")
    def retry(invoice_id: str) -> InvoiceWire:
        return _with_lines(actions.retry(namespace(), invoice_id))

    @router.post(
        f"{_INVOICE}/snapshot-quantities",
        operation_id="snapshotQuantitiesInvoiceAction",
        tags=_TAGS,
        summary="Snapshot quantities for usage based line items",
    )
    def snapshot_quantities(invoice_id: str) -> InvoiceWire:
        return _with_lines(actions.snapshot_quantities(namespace(), invoice_id))

    @router.post(
        f"{_INVOICE}/taxes/recalculate",
        operation_id="recalculateInvoiceTaxAction",
        tags=_TAGS,
        summary="Recalculate an invoice's tax amounts",
    )
    def recalculate_taxes(invoice_id: str) -> InvoiceWire:
        return _with_lines(actions.recalculate_taxes(namespace(), invoice_id))

    @router.post(f"{_INVOICE}/void", operation_id="voidInvoiceAction", tags=_TAGS, summary="Void invoice")
    def void(invoice_id: str, body: Annotated[VoidInvoice, Body()]) -> InvoiceWire:
        return _with_lines(actions.void(namespace(), invoice_id, _voiding(body)))

    @router.delete(_INVOICE, operation_id="deleteInvoice", tags=_TAGS, summary="Delete invoice")
    def delete(invoice_id: str) -> Response[None]:
        actions.delete(namespace(), invoice_id)
        return Response(HTTPStatus.NO_CONTENT)


def _editing(router: Router, edit: EditInvoice, namespace: Callable[[], str]) -> None:
    @router.put(
        _INVOICE,
        operation_id="updateInvoice",
        tags=_TAGS,
        summary="Update invoice",
        description="Lines that are left out of a draft are taken off it and never billed; it is rated again and goes"
        " on. Of a gathering invoice lines by hand alone are edited; supplier, customer, terms are those of its day.",
    )
    def update(invoice_id: str, body: Annotated[InvoiceReplaceUpdate, Body()]) -> InvoiceWire:
        return _with_lines(edit(namespace(), invoice_id, edit_from_wire(body)))


def _with_lines(shown: Shown) -> InvoiceWire:
    return invoice_to_wire(shown, _WITH_LINES)


def _voiding(body: VoidInvoice) -> Voiding:
    said = [(override.line_id, _again(override.action)) for override in body.overrides or ()]
    problems = [
        Problem(f"/overrides/{number}/lineId", "duplicate_line", "an earlier entry names this line")
        for number in repeats(line_id for line_id, _ in said)
    ]
    if problems:
        raise InvalidInput("a line is voided in one way", problems)
    return Voiding(body.reason, _again(body.action), dict(said))


def _again(wire: VoidAction) -> Again | None:
    return None if isinstance(wire.action, DiscardLine) else Again(as_utc(wire.action.next_invoice_at))
