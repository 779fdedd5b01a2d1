"""A customer's invoice as a document over HTTP."""

from typing import Annotated

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.event_handler.openapi.params import Path, Query

from meterhouse.billing.document_api import document_answer
from meterhouse.billing.render_invoice import Format, RenderInvoice
from meterhouse.platform.wire import Ulid
from meterhouse.portal.caller import caller_of


def portal_document_routes(render: RenderInvoice) -> Router:
    router = Router()

    @router.get(
        "/api/v1/portal/invoices/<invoice_id>/document",
        operation_id="getPortalInvoiceDocument",
        tags=["Portal"],
        summary="Get an invoice as HTML or PDF",
        responses={200: {"description": "The document", "content": {"application/pdf": {}, "text/html": {}}}},
    )
    def document(
        invoice_id: Annotated[Ulid, Path()], form: Annotated[Format, Query(alias="format")] = Format.PDF
    ) -> Response[str]:
        caller = caller_of(router.current_event.raw_event)
        return document_answer(render.document(caller.namespace, invoice_id, form, of_customer=caller.customer()))

    return router
