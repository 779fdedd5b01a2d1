"""Erasures of subjects over HTTP, for owners."""

from http import HTTPStatus
from typing import Annotated

from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.event_handler.openapi.params import Body, Query

from meterhouse.customers.erasure_schema import SubjectErasure, SubjectErasureCreate, erasure_wire
from meterhouse.customers.erasures import Erasures
from meterhouse.platform.http import namespace_of
from meterhouse.platform.wire import Page, PageNumber, PageSize

_ERASURES = "/api/v1/subject-erasures"
_TAGS = ["Subjects"]


def erasure_routes(erasures: Erasures) -> Router:
    router = Router()

    def namespace() -> str:
        return namespace_of(router.current_event.raw_event)

    @router.post(_ERASURES, operation_id="eraseSubject", tags=_TAGS, summary="Erase a subject, but not what it used")
    def ask(body: Annotated[SubjectErasureCreate, Body()]) -> tuple[SubjectErasure, int]:
        return erasure_wire(erasures.ask(namespace(), body.subject, body.confirm)), HTTPStatus.CREATED

    @router.get(_ERASURES, operation_id="listSubjectErasures", tags=_TAGS, summary="List erasures of subjects")
    def page(
        page: Annotated[PageNumber, Query()] = 1, page_size: Annotated[PageSize, Query(alias="pageSize")] = 100
    ) -> Page[SubjectErasure]:
        found, total = erasures.page(namespace(), page, page_size)
        return Page(total_count=total, page=page, page_size=page_size, items=list(map(erasure_wire, found)))

    @router.get(
        f"{_ERASURES}/<subject_erasure_id>",
        operation_id="getSubjectErasure",
        tags=_TAGS,
        summary="Get how far the erasure of a subject is",
    )
    def get(subject_erasure_id: str) -> SubjectErasure:
        return erasure_wire(erasures.get(namespace(), subject_erasure_id))

    return router
