"""Explaining, verifying and comparing invoices over HTTP."""

from typing import Annotated

from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.event_handler.openapi.params import Query

from meterhouse.billing.compare_invoices import CompareInvoices
from meterhouse.billing.diff_schema import InvoiceDiff, diff_to_wire
from meterhouse.billing.explain_line import ExplainLine
from meterhouse.billing.explain_schema import LineExplanation, decode_place, explanation_to_wire
from meterhouse.billing.verify_invoice import VerifyInvoice
from meterhouse.billing.verify_schema import (
    VerifiedInvoiceWire,
    VerifiedLineWire,
    verified_invoice_to_wire,
    verified_line_to_wire,
)
from meterhouse.platform.http import namespace_of
from meterhouse.platform.wire import PageSize

_INVOICE = "/api/v1/billing/invoices/<invoice_id>"
_LINE = f"{_INVOICE}/lines/<line_id>"
_TAGS = ["Billing"]


def explain_routes(explain: ExplainLine, verify: VerifyInvoice, compare: CompareInvoices) -> Router:
    router = Router()

    def namespace() -> str:
        return namespace_of(router.current_event.raw_event)

    @router.get(
        f"{_LINE}/explain",
        operation_id="explainInvoiceLine",
        tags=_TAGS,
        summary="Explain an invoice line: its price, its arithmetic, its usage and the events behind it",
    )
    def explain_line(
        invoice_id: str,
        line_id: str,
        cursor: Annotated[str | None, Query()] = None,
        limit: Annotated[PageSize, Query()] = 100,
    ) -> LineExplanation:
        after = None if cursor is None else decode_place(cursor)
        return explanation_to_wire(explain(namespace(), invoice_id, line_id, after, limit))

    @router.get(
        f"{_LINE}/verify",
        operation_id="verifyInvoiceLine",
        tags=_TAGS,
        summary="Rate an invoice line again from what it was rated from, and compare",
    )
    def verify_line(invoice_id: str, line_id: str) -> VerifiedLineWire:
        return verified_line_to_wire(verify.line(namespace(), invoice_id, line_id))

    @router.get(
        f"{_INVOICE}/verify",
        operation_id="verifyInvoice",
        tags=_TAGS,
        summary="Rate all lines of an invoice again from what they were rated from, and compare",
    )
    def verify_invoice(invoice_id: str) -> VerifiedInvoiceWire:
        return verified_invoice_to_wire(verify(namespace(), invoice_id))

    @router.get(
        f"{_INVOICE}/diff/<other_id>",
        operation_id="diffInvoices",
        tags=_TAGS,
        summary="Tell why one invoice came to another amount than the other",
    )
    def diff(invoice_id: str, other_id: str) -> InvoiceDiff:
        return diff_to_wire(compare(namespace(), invoice_id, other_id))

    return router
