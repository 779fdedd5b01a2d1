"""Findings of the audit over HTTP."""

from typing import Annotated

from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.event_handler.openapi.params import Body, Query

from meterhouse.billing.finding_schema import FindingResolve, FindingWire, finding_to_wire
from meterhouse.billing.findings import FindingService
from meterhouse.billing.ports import PageOf
from meterhouse.platform.http import namespace_of
from meterhouse.platform.wire import Page, PageNumber, PageSize, SortOrder

_FINDINGS = "/api/v1/billing/audit-findings"
_TAGS = ["Billing"]


def finding_routes(service: FindingService) -> Router:
    router = Router()

    def namespace() -> str:
        return namespace_of(router.current_event.raw_event)

    @router.get(
        _FINDINGS, operation_id="listAuditFindings", tags=_TAGS, summary="List what the audit of the books found"
    )
    def page(
        page: Annotated[PageNumber, Query()] = 1,
        page_size: Annotated[PageSize, Query(alias="pageSize")] = 100,
        order: Annotated[SortOrder, Query()] = SortOrder.DESC,
        kind: Annotated[str | None, Query()] = None,
        is_open: Annotated[bool | None, Query(alias="open")] = None,
    ) -> Page[FindingWire]:
        wanted = PageOf(page, page_size, descending=order is SortOrder.DESC)
        found, total = service.page(namespace(), wanted, kind, is_open=is_open)
        return Page(total_count=total, page=page, page_size=page_size, items=[finding_to_wire(one) for one in found])

    @router.post(
        f"{_FINDINGS}/<finding_id>/resolve",
        operation_id="resolveAuditFinding",
        tags=_TAGS,
        summary="Let a finding be: its invoice goes on, and it comes back only if it changes",
    )
    def resolve(finding_id: str, body: Annotated[FindingResolve, Body()]) -> FindingWire:
        return finding_to_wire(service.resolve(namespace(), finding_id, body.reason))

    return router
