"""The trace of one event over HTTP."""

from typing import Annotated

from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.event_handler.openapi.params import Query
from pydantic import Field

from meterhouse.metering.cloud_event import LONGEST_TEXT
from meterhouse.metering.trace_event import TraceEvent
from meterhouse.metering.trace_schema import EventTrace, trace_wire
from meterhouse.platform.http import namespace_of

_Text = Annotated[str, Field(min_length=1, max_length=LONGEST_TEXT)]


def trace_routes(trace: TraceEvent) -> Router:
    router = Router()

    @router.get(
        "/api/v1/debug/event",
        operation_id="traceEvent",
        tags=["Debug"],
        summary="Say how far one event got",
    )
    def show(source: Annotated[_Text, Query()], event_id: Annotated[_Text, Query(alias="id")]) -> EventTrace:
        namespace = namespace_of(router.current_event.raw_event)
        return trace_wire(source, event_id, trace(namespace, source, event_id))

    return router
