"""The audit log over HTTP."""

from collections.abc import Callable
from dataclasses import asdict
from typing import Annotated

from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.event_handler.openapi.params import Query

from meterhouse.platform.audit_log import AuditFilter, AuditLog
from meterhouse.platform.http import namespace_of
from meterhouse.platform.wire import Instant, PageSize, Text, Wire, as_utc

_TAGS = ["Audit log"]


class AuditEntryWire(Wire):
    """Digests are SHA-256 of the row as JSON: without `beforeDigest` it was made, without `afterDigest` it is gone."""

    id: str
    recorded_at: Instant
    actor: str
    route: str
    request_id: str
    object_kind: str
    object_id: str
    action: str
    before_digest: str | None = None
    after_digest: str | None = None


class AuditPage(Wire):
    items: list[AuditEntryWire]
    next_cursor: str | None = None


def audit_routes(log: Callable[[str], AuditLog]) -> Router:
    router = Router()

    @router.get(
        "/api/v1/audit-log", operation_id="listAuditLog", tags=_TAGS, summary="List who changed what, the newest first"
    )
    def page(
        actor: Annotated[Text, Query()] = None,
        object_kind: Annotated[Text, Query(alias="objectKind")] = None,
        object_id: Annotated[Text, Query(alias="objectId")] = None,
        request_id: Annotated[Text, Query(alias="requestId")] = None,
        from_: Annotated[Instant | None, Query(alias="from")] = None,
        to: Annotated[Instant | None, Query()] = None,
        limit: Annotated[PageSize, Query()] = 100,
        cursor: Annotated[Text, Query()] = None,
    ) -> AuditPage:
        wanted = AuditFilter(actor, object_kind, object_id, request_id, as_utc(from_), as_utc(to))
        found, following = log(namespace_of(router.current_event.raw_event)).page(wanted, cursor, limit)
        return AuditPage(items=[AuditEntryWire(**asdict(one)) for one in found], next_cursor=following)

    return router
