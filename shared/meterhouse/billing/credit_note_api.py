"""Credit notes over HTTP."""

from http import HTTPStatus
from typing import Annotated

from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.event_handler.openapi.params import Body, Query

from meterhouse.billing.credit_note_schema import (
    CreditNoteCreate,
    CreditNoteWire,
    GivenBackWire,
    answer_of,
    note_to_wire,
    wanted_of,
)
from meterhouse.billing.credit_notes import CreditNoteService
from meterhouse.billing.ports import NoteFilter, PageOf
from meterhouse.platform.http import namespace_of
from meterhouse.platform.wire import Page, PageNumber, PageSize, SortOrder, Ulid

_NOTES = "/api/v1/billing/credit-notes"
_OF_INVOICE = "/api/v1/billing/invoices/<invoice_id>/credit-notes"
_TAGS = ["Billing"]


def credit_note_routes(service: CreditNoteService) -> Router:
    router = Router()

    def namespace() -> str:
        return namespace_of(router.current_event.raw_event)

    @router.post(_OF_INVOICE, operation_id="createCreditNote", tags=_TAGS, summary="Credit an invoice")
    def create(invoice_id: str, body: Annotated[CreditNoteCreate, Body()]) -> tuple[CreditNoteWire, int]:
        return note_to_wire(service.create(namespace(), invoice_id, wanted_of(body))), HTTPStatus.CREATED

    @router.get(
        _OF_INVOICE, operation_id="listInvoiceCreditNotes", tags=_TAGS, summary="List the credit notes of an invoice"
    )
    def of_invoice(invoice_id: str) -> list[CreditNoteWire]:
        return [note_to_wire(note) for note in service.of_invoice(namespace(), invoice_id)]

    @router.get(_NOTES, operation_id="listCreditNotes", tags=_TAGS, summary="List credit notes")
    def page(
        customers: Annotated[list[Ulid] | None, Query()] = None,
        invoices: Annotated[list[Ulid] | None, Query()] = None,
        page: Annotated[PageNumber, Query()] = 1,
        page_size: Annotated[PageSize, Query(alias="pageSize")] = 100,
        order: Annotated[SortOrder, Query()] = SortOrder.ASC,
    ) -> Page[CreditNoteWire]:
        of = PageOf(page, page_size, descending=order is SortOrder.DESC)
        found, total = service.page(namespace(), NoteFilter(customers, invoices), of)
        return Page(total_count=total, page=page, page_size=page_size, items=[note_to_wire(note) for note in found])

    @router.get(f"{_NOTES}/<note_id>", operation_id="getCreditNote", tags=_TAGS, summary="Get credit note")
    def get(note_id: str) -> CreditNoteWire:
        return note_to_wire(service.get(namespace(), note_id))

    @router.post(f"{_NOTES}/<note_id>/void", operation_id="voidCreditNote", tags=_TAGS, summary="Void credit note")
    def void(note_id: str) -> CreditNoteWire:
        return note_to_wire(service.void(namespace(), note_id))

    @router.post(f"{_NOTES}/<note_id>/retry", operation_id="retryCreditNote", tags=_TAGS, summary="Tell the app again")
    def retry(note_id: str) -> CreditNoteWire:
        return note_to_wire(service.retry(namespace(), note_id))

    @router.post(
        f"{_NOTES}/<note_id>/given-back",
        operation_id="reportCreditNote",
        tags=_TAGS,
        summary="Say what came of it",
    )
    def reported(note_id: str, body: Annotated[GivenBackWire, Body()]) -> CreditNoteWire:
        return note_to_wire(service.reported(namespace(), note_id, answer_of(body), body.attempt))

    return router
