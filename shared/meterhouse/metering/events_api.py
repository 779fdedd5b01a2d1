"""Listing events over HTTP."""

from http import HTTPStatus
from typing import Annotated, Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.event_handler.openapi.params import Query
from aws_lambda_powertools.event_handler.openapi.types import OpenAPIResponse
from pydantic import Field, ValidationError

from meterhouse.kernel.errors import InvalidInput, Problem, Unprocessable
from meterhouse.metering.event_schema import (
    EventFilter,
    IngestedEvent,
    IngestedEventPage,
    decode_cursor,
    encode_cursor,
    fitting,
    problems_of,
)
from meterhouse.metering.filter import containing
from meterhouse.metering.list_events import EventQuery, ListedPage, ListEvents
from meterhouse.metering.progress import followed
from meterhouse.metering.usage_schema import ClientId
from meterhouse.platform.http import decode_json, namespace_of
from meterhouse.platform.query_openapi import in_json, query_parameters
from meterhouse.platform.text_filter import refuse_other_filters
from meterhouse.platform.wire import Instant, Ulid

_TAGS = ["Events"]
Limit = Annotated[int, Field(ge=1, le=100)]


def events_routes(events: ListEvents) -> Router:
    router = Router()

    def namespace() -> str:
        return namespace_of(router.current_event.raw_event)

    @router.get(
        "/api/v1/events",
        operation_id="listEvents",
        tags=_TAGS,
        summary="List ingested events",
        responses=_described(list[IngestedEvent]),
    )
    def page(
        client_id: Annotated[ClientId | None, Query(alias="clientId")] = None,
        ingested_at_from: Annotated[Instant | None, Query(alias="ingestedAtFrom")] = None,
        ingested_at_to: Annotated[Instant | None, Query(alias="ingestedAtTo")] = None,
        event_id: Annotated[str | None, Query(alias="id")] = None,
        subject: Annotated[str | None, Query()] = None,
        customer_id: Annotated[list[Ulid] | None, Query(alias="customerId")] = None,
        from_: Annotated[Instant | None, Query(alias="from")] = None,
        to: Annotated[Instant | None, Query()] = None,
        limit: Annotated[Limit, Query()] = 100,
    ) -> Response[str]:
        given = {"id": event_id, "subject": subject}
        attributes = tuple((name, containing(text)) for name, text in given.items() if text is not None)
        query = EventQuery(limit, from_, to, ingested_at_from, ingested_at_to, attributes)
        with followed(namespace(), client_id):
            listed = events.recent(namespace(), query, tuple(customer_id) if customer_id else None)
        return _json_answer(_whole(listed))

    @router.get(
        "/api/v2/events",
        operation_id="listEventsV2",
        tags=_TAGS,
        summary="List ingested events",
        responses=_described(IngestedEventPage),
        openapi_extensions=query_parameters(in_json("filter", {"type": "object"})),
    )
    def cursor_page(
        cursor: Annotated[str | None, Query()] = None,
        limit: Annotated[Limit, Query()] = 100,
        client_id: Annotated[ClientId | None, Query(alias="clientId")] = None,
        filter_: Annotated[str | None, Query(alias="filter")] = None,
    ) -> Response[str]:
        refuse_other_filters(router.current_event.resolved_query_string_parameters, {"filter"})
        wanted = _filter(filter_)
        customers = wanted.customer_id.in_ if wanted.customer_id else None
        query = EventQuery(
            limit,
            attributes=wanted.attributes(),
            instants=wanted.instants(),
            after=None if cursor is None else decode_cursor(cursor),
        )
        with followed(namespace(), client_id):
            listed = events(namespace(), query, None if customers is None else tuple(customers))
        return _json_answer(_page(listed, limit))

    return router


def _whole(listed: ListedPage) -> str:
    found = fitting(listed.events)
    if listed.is_cut or len(found) < len(listed.events):
        remedy = "ask for fewer, or page by page of /api/v2/events"
        raise Unprocessable(f"the events are larger than an answer may be: {remedy}", "answer_too_large")
    return f"[{','.join(found)}]"


def _page(listed: ListedPage, limit: int) -> str:
    found = fitting(listed.events)
    is_cut = listed.is_cut or len(found) < len(listed.events) or len(found) == limit
    following = f',"nextCursor":"{encode_cursor(listed.events[len(found) - 1].place)}"' if is_cut else ""
    return f'{{"items":[{",".join(found)}]{following}}}'


def _described(answer: Any) -> dict[int, OpenAPIResponse]:  # noqa: ANN401 - a type
    """Of a route that answers JSON it has written itself."""
    return {200: {"description": "Successful Response", "content": {"application/json": {"model": answer}}}}


def _json_answer(text: str) -> Response[str]:
    return Response(HTTPStatus.OK, "application/json", text)


def _filter(text: str | None) -> EventFilter:
    try:
        return EventFilter() if text is None else EventFilter.model_validate(decode_json(text))
    except ValidationError as error:
        raise problems_of(error.errors(), "query:filter") from error
    except (ValueError, RecursionError):
        raise InvalidInput("the filter holds no JSON", [Problem("query:filter", "json", "no valid JSON")]) from None
