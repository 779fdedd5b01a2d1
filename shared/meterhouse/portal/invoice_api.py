"""A customer's invoices over HTTP: the next one, those there are, and how each line came about."""

from typing import Annotated

from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.event_handler.openapi.params import Path, Query
from pydantic import Field

from meterhouse.billing.explain_line import ExplainLine
from meterhouse.billing.explain_schema import (
    ArithmeticWire,
    EventsBehind,
    LineExplanation,
    PriceVersion,
    UsageSnapshot,
    decode_place,
    explanation_to_wire,
)
from meterhouse.billing.invoice_schema import InvoiceStatus
from meterhouse.billing.ports import InvoiceFilter, InvoiceOrder, PageOf
from meterhouse.billing.service import InvoiceService, Shown
from meterhouse.kernel.errors import NotFound
from meterhouse.platform.wire import PageNumber, Ulid, Wire
from meterhouse.portal.caller import Caller, caller_of
from meterhouse.portal.invoice_schema import PortalInvoice, PortalInvoices, PortalLine, portal_invoice, portal_line
from meterhouse.portal.model import Scope

_INVOICES = "/api/v1/portal/invoices"
_TAGS = ["Portal"]
_TO_COME = (InvoiceStatus.GATHERING, InvoiceStatus.DRAFT, InvoiceStatus.ISSUING)
_MADE = tuple(status for status in InvoiceStatus if status not in _TO_COME)
_MOST = 100
_Size = Annotated[int, Field(ge=1, le=_MOST)]


class PortalExplanation(Wire):
    """How a line came about: `arithmetic` as it was hashed, what usage was read, and a page of the events behind it.

    There are no `events` where the token does not show their meter.
    """

    line: PortalLine
    price_version: PriceVersion
    arithmetic: ArithmeticWire
    usage: UsageSnapshot
    events: EventsBehind | None = None


def portal_invoice_routes(invoices: InvoiceService, explain: ExplainLine) -> Router:
    router = Router()

    def caller() -> Caller:
        return caller_of(router.current_event.raw_event)

    @router.get(
        f"{_INVOICES}/upcoming",
        operation_id="listPortalUpcomingInvoices",
        tags=_TAGS,
        summary="Tell what the next invoices come to so far",
    )
    def upcoming() -> PortalInvoices:
        wanted = InvoiceFilter(statuses=_TO_COME, customers=[caller().customer()])
        found, total = invoices.page(caller().namespace, wanted, PageOf(1, _MOST), InvoiceOrder.CREATED_AT)
        return PortalInvoices(items=[portal_invoice(one, with_lines=True) for one in found], total_count=total)

    @router.get(
        _INVOICES, operation_id="listPortalInvoices", tags=_TAGS, summary="List the invoices there are, newest first"
    )
    def page(
        page: Annotated[PageNumber, Query()] = 1, page_size: Annotated[_Size, Query(alias="pageSize")] = 25
    ) -> PortalInvoices:
        wanted = InvoiceFilter(statuses=_MADE, customers=[caller().customer()])
        of = PageOf(page, page_size, descending=True)
        found, total = invoices.page(caller().namespace, wanted, of, InvoiceOrder.ISSUED_AT)
        return PortalInvoices(items=[portal_invoice(one, with_lines=False) for one in found], total_count=total)

    @router.get(f"{_INVOICES}/<invoice_id>", operation_id="getPortalInvoice", tags=_TAGS, summary="Get an invoice")
    def get(invoice_id: Annotated[Ulid, Path()]) -> PortalInvoice:
        return portal_invoice(_own(invoices, caller(), invoice_id), with_lines=True)

    @router.get(
        f"{_INVOICES}/<invoice_id>/lines/<line_id>/explain",
        operation_id="explainPortalInvoiceLine",
        tags=_TAGS,
        summary="Explain a line: its price, its arithmetic, its usage and the events behind it",
    )
    def explain_line(
        invoice_id: Annotated[Ulid, Path()],
        line_id: Annotated[Ulid, Path()],
        cursor: Annotated[str | None, Query()] = None,
        limit: Annotated[_Size, Query()] = 20,
    ) -> PortalExplanation:
        after = None if cursor is None else decode_place(cursor)
        _own(invoices, caller(), invoice_id)
        explained = explain(caller().namespace, invoice_id, line_id, after, limit)
        return _explanation(explanation_to_wire(explained), caller().scope)

    return router


def _own(invoices: InvoiceService, caller: Caller, invoice_id: str) -> Shown:
    """The caller's invoice; raises `NotFound` for another's as for none."""
    customer_id = caller.customer()
    found = invoices.get(caller.namespace, invoice_id)
    if found.invoice.customer_id != customer_id or found.invoice.deleted_at is not None:
        raise NotFound("invoice", invoice_id)
    return found


def _explanation(wire: LineExplanation, scope: Scope) -> PortalExplanation:
    is_shown = wire.meter_query is not None and scope.shows(wire.meter_query.meter.slug)
    return PortalExplanation(
        line=portal_line(wire.line),
        price_version=wire.price_version,
        arithmetic=wire.arithmetic,
        usage=wire.usage,
        events=wire.events if is_shown else None,
    )
