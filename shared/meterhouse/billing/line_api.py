"""Pending lines by hand, and simulated invoices, over HTTP."""

from http import HTTPStatus
from typing import Annotated

from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.event_handler.openapi.params import Body

from meterhouse.billing.invoice_schema import InvoiceExpand, InvoiceWire
from meterhouse.billing.invoice_wire import invoice_to_wire, line_to_wire
from meterhouse.billing.line_schema import (
    PendingLinesCreate,
    PendingLinesCreated,
    Simulation,
    specs_of,
    supposed_of,
)
from meterhouse.billing.manual_lines import ManualLines
from meterhouse.platform.http import namespace_of

_INVOICES = "/api/v1/billing/customers/<customer_id>/invoices"
_TAGS = ["Billing"]
_WITH_LINES = frozenset({InvoiceExpand.LINES})


def line_routes(service: ManualLines) -> Router:
    router = Router()

    def namespace() -> str:
        return namespace_of(router.current_event.raw_event)

    @router.post(
        f"{_INVOICES}/pending-lines",
        operation_id="createPendingInvoiceLine",
        tags=_TAGS,
        summary="Create pending invoice lines",
    )
    def create(customer_id: str, body: Annotated[PendingLinesCreate, Body()]) -> tuple[PendingLinesCreated, int]:
        added = service.add(namespace(), customer_id, body.currency, specs_of(body.lines))
        made = PendingLinesCreated(
            lines=[line_to_wire(added.invoice.invoice, line) for line in added.lines],
            invoice=invoice_to_wire(added.invoice, _WITH_LINES),
            is_invoice_new=added.is_new,
        )
        return made, HTTPStatus.CREATED

    @router.post(
        f"{_INVOICES}/simulate",
        operation_id="simulateInvoice",
        tags=_TAGS,
        summary="Simulate an invoice: nothing is stored",
        description="What the lines come to before prepaid credit and taxes, of which a simulation asks nobody.",
    )
    def simulate(customer_id: str, body: Annotated[Simulation, Body()]) -> InvoiceWire:
        supposed = supposed_of(body.lines)
        return invoice_to_wire(
            service.simulate(namespace(), customer_id, body.currency, body.number, supposed), _WITH_LINES
        )

    return router
