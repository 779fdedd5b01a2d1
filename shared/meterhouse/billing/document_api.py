"""Invoices as documents over HTTP."""

from base64 import b64encode
from http import HTTPStatus
from typing import Annotated
from urllib.parse import quote

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.event_handler.openapi.params import Query

from meterhouse.billing.render_invoice import Document, Format, RenderInvoice
from meterhouse.platform.http import namespace_of


def document_routes(render: RenderInvoice) -> Router:
    router = Router()

    @router.get(
        "/api/v1/billing/invoices/<invoice_id>/document",
        operation_id="getInvoiceDocument",
        tags=["Billing"],
        summary="Get an invoice as HTML or PDF",
        responses={
            200: {
                "description": "The document; of an issued invoice always the same bytes",
                "content": {"application/pdf": {}, "text/html": {}},
            }
        },
    )
    def document(invoice_id: str, form: Annotated[Format, Query(alias="format")] = Format.PDF) -> Response[str]:
        return document_answer(render.document(namespace_of(router.current_event.raw_event), invoice_id, form))

    return router


def document_answer(document: Document) -> Response[str]:
    """The bytes as they are, to be shown or kept by the name of the invoice's number."""
    name = quote(f"{document.number}.{document.format}", safe="")
    headers = {
        "content-disposition": f"inline; filename*=UTF-8''{name}",
        "cache-control": "private, max-age=300" if document.is_final else "no-store",
        "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'",
        "x-content-type-options": "nosniff",
    }
    # Powertools would read bytes into the schema of the answer, as text
    text = b64encode(document.content).decode()
    answer = Response(HTTPStatus.OK, document.format.content_type, text, headers)
    answer.base64_encoded = True
    return answer
