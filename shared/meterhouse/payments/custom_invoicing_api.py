"""The calls of a system that takes invoices itself, over HTTP."""

from http import HTTPStatus
from typing import Annotated

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.event_handler.openapi.params import Body

from meterhouse.payments.custom_callbacks import CustomCallbacks
from meterhouse.payments.custom_invoicing_schema import (
    DraftSynchronized,
    IssuingSynchronized,
    PaymentStatus,
    draft_answer,
    issuing_answer,
    outcome_of,
)
from meterhouse.platform.http import namespace_of

_INVOICE = "/api/v1/apps/custom-invoicing/<invoice_id>"
_TAGS = ["Apps"]


def custom_invoicing_routes(callbacks: CustomCallbacks) -> Router:
    router = Router()

    def namespace() -> str:
        return namespace_of(router.current_event.raw_event)

    @router.post(
        f"{_INVOICE}/draft/synchronized",
        operation_id="appCustomInvoicingDraftSynchronized",
        tags=_TAGS,
        summary="Say that the draft is there",
    )
    def draft(invoice_id: str, body: Annotated[DraftSynchronized, Body()]) -> Response[None]:
        callbacks.draft_synchronized(namespace(), invoice_id, draft_answer(body))
        return Response(HTTPStatus.NO_CONTENT)

    @router.post(
        f"{_INVOICE}/issuing/synchronized",
        operation_id="appCustomInvoicingIssuingSynchronized",
        tags=_TAGS,
        summary="Say that the final invoice is there",
    )
    def issuing(invoice_id: str, body: Annotated[IssuingSynchronized, Body()]) -> Response[None]:
        callbacks.issuing_synchronized(namespace(), invoice_id, issuing_answer(body))
        return Response(HTTPStatus.NO_CONTENT)

    @router.post(
        f"{_INVOICE}/payment/status",
        operation_id="appCustomInvoicingUpdatePaymentStatus",
        tags=_TAGS,
        summary="Say what became of the payment",
    )
    def payment(invoice_id: str, body: Annotated[PaymentStatus, Body()]) -> Response[None]:
        callbacks.payment_status(namespace(), invoice_id, outcome_of(body.trigger), body.attempt)
        return Response(HTTPStatus.NO_CONTENT)

    return router
