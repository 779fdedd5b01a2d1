"""Usage queries over HTTP."""

import ast
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Any, cast
from urllib.parse import parse_qsl

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.event_handler.openapi.params import Body, Query
from aws_lambda_powertools.event_handler.openapi.types import OpenAPIResponse
from pydantic import ValidationError

from meterhouse.kernel.errors import InvalidInput, Problem
from meterhouse.metering.progress import followed
from meterhouse.metering.query_usage import QueryUsage
from meterhouse.metering.usage import UsageRow, WindowSize
from meterhouse.metering.usage_schema import (
    MOST_NAMES,
    ClientId,
    MeterQueryRequest,
    MeterQueryResult,
    result_csv,
    result_wire,
)
from meterhouse.platform.http import decode_json, is_storable, namespace_of
from meterhouse.platform.query_openapi import by_key, in_json, query_parameters
from meterhouse.platform.text_filter import refuse_other_filters
from meterhouse.platform.wire import Instant

_METER = "/api/v1/meters/<meter_id_or_slug>"
_TAGS = ["Meters"]
_DEEP = re.compile(r"filterGroupBy\[([^\]]+)\](?:\[\])?")
_FILTERS = ("filterGroupBy", "filterCustomerId", "advancedMeterGroupByFilters")
_FILTER = {"$ref": "#/components/schemas/FilterString-Input"}
GROUP_BY_FILTERS = query_parameters(
    by_key("filterGroupBy", {"type": "string"}),
    in_json("advancedMeterGroupByFilters", {"type": "object", "additionalProperties": _FILTER}),
)
USAGE: dict[int, OpenAPIResponse] = {
    200: {
        "description": "The rows; as CSV for who accepts `text/csv`",
        "content": {"application/json": {"model": MeterQueryResult}, "text/csv": {"schema": {"type": "string"}}},
    }
}
From = Annotated[Instant | None, Query(alias="from")]
To = Annotated[Instant | None, Query()]


def usage_routes(query: QueryUsage) -> Router:
    router = Router()

    def namespace() -> str:
        return namespace_of(router.current_event.raw_event)

    def answer(meter: str, request: MeterQueryRequest) -> MeterQueryResult | str:
        with followed(namespace(), request.client_id):
            rows = query(namespace(), meter, request.asked())
        return usage_answer(router.current_event.raw_event, request, rows)

    @router.get(
        f"{_METER}/query",
        operation_id="queryMeter",
        tags=_TAGS,
        summary="Query meter",
        responses=USAGE,
        openapi_extensions=GROUP_BY_FILTERS,
    )
    def get(
        meter_id_or_slug: str,
        client_id: Annotated[ClientId | None, Query(alias="clientId")] = None,
        from_: From = None,
        to: To = None,
        window_size: Annotated[WindowSize | None, Query(alias="windowSize")] = None,
        window_time_zone: Annotated[str, Query(alias="windowTimeZone")] = "UTC",
        subject: Annotated[list[str] | None, Query(max_length=MOST_NAMES)] = None,
        filter_customer_id: Annotated[list[str] | None, Query(alias="filterCustomerId", max_length=MOST_NAMES)] = None,
        advanced: Annotated[str | None, Query(alias="advancedMeterGroupByFilters")] = None,
        group_by: Annotated[list[str] | None, Query(alias="groupBy", max_length=MOST_NAMES)] = None,
    ) -> MeterQueryResult | str:
        asked = {
            "clientId": client_id,
            "from": from_,
            "to": to,
            "windowSize": window_size,
            "windowTimeZone": window_time_zone,
            "subject": subject,
            "filterCustomerId": filter_customer_id,
            "groupBy": names_of(group_by),
        }
        return answer(meter_id_or_slug, usage_request(router.current_event.raw_event, asked, advanced))

    @router.post(f"{_METER}/query", operation_id="queryMeterPost", tags=_TAGS, summary="Query meter", responses=USAGE)
    def post(meter_id_or_slug: str, body: Annotated[MeterQueryRequest | None, Body()] = None) -> MeterQueryResult | str:
        # the official Python client's `query_csv_post` sends no body
        return answer(meter_id_or_slug, body or MeterQueryRequest())

    _add_lists(router, query)
    return router


def _add_lists(router: Router, query: QueryUsage) -> None:
    """What a meter's usage is told apart by: subjects, and values of its group-by keys."""

    def namespace() -> str:
        return namespace_of(router.current_event.raw_event)

    @router.get(f"{_METER}/subjects", operation_id="listMeterSubjects", tags=_TAGS, summary="List subjects")
    def subjects(meter_id_or_slug: str, from_: From = None, to: To = None) -> list[str]:
        return query.subjects(namespace(), meter_id_or_slug, from_, to)

    @router.get(
        f"{_METER}/group-by/<group_by_key>/values",
        operation_id="listMeterGroupByValues",
        tags=_TAGS,
        summary="List group-by values",
    )
    def values(meter_id_or_slug: str, group_by_key: str, from_: From = None, to: To = None) -> list[str]:
        return query.group_by_values(namespace(), meter_id_or_slug, group_by_key, from_, to)


def names_of(group_by: Sequence[str] | None) -> list[str] | None:
    """A name to group by holds no comma, so `groupBy=a,b` can only be what `groupBy=a&groupBy=b` is."""
    return None if group_by is None else [name for part in group_by for name in part.split(",")]


def usage_answer(
    event: Mapping[str, Any], request: MeterQueryRequest, rows: Sequence[UsageRow]
) -> MeterQueryResult | str:
    """Rows as JSON, or as CSV where that is what the caller accepts."""
    accepted = {name.lower(): value for name, value in (event.get("headers") or {}).items()}.get("accept", "")
    if "text/csv" in accepted.lower():
        # the resolver passes a ready response on as it is
        text = Response(HTTPStatus.OK, "text/csv; charset=utf-8", result_csv(request, rows))
        return cast("str", text)
    return result_wire(request, rows)


def usage_request(
    event: Mapping[str, Any], asked: Mapping[str, datetime | object], advanced: str | None
) -> MeterQueryRequest:
    """A query by its parameters: those in `asked`, by their names, and the filters, which are written in two ways.

    Raises:
        InvalidInput: with every fault, its field `query:<name>`.
    """
    return _request(
        {
            **asked,
            "filterGroupBy": _group_by_filters(event),
            "advancedMeterGroupByFilters": _json("advancedMeterGroupByFilters", advanced),
        }
    )


def _group_by_filters(event: Mapping[str, Any]) -> dict[str, list[str]] | None:
    """`filterGroupBy[key]=value`, any number of times; all values of a key are as good as each other.

    Raises:
        InvalidInput: it is no mapping, or there are filters in a style that is not read here.
    """
    found: dict[str, list[str]] = {}
    given = parse_qsl(event.get("rawQueryString") or "", keep_blank_values=True)
    for filters in _FILTERS:
        refuse_other_filters((name for name, _ in given if not _DEEP.fullmatch(name)), _FILTERS, filters)
    for name, value in given:
        if deep := _DEEP.fullmatch(name):
            found.setdefault(deep[1], []).append(value)
        elif name == "filterGroupBy":
            for key, printed in _printed_mapping(value).items():
                found.setdefault(key, []).append(printed)
    return found or None


def _printed_mapping(text: str) -> dict[str, str]:
    """`{'path': '/a'}`: what the official Python client makes of the mapping; unread, it would filter nothing."""
    try:
        mapping = ast.literal_eval(text)
    except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError):
        mapping = None
    if not (isinstance(mapping, dict) and is_storable(mapping) and all(map(_is_text, mapping.items()))):
        problem = Problem("query:filterGroupBy", "mapping", "must be filterGroupBy[key]=value, or a mapping of texts")
        raise InvalidInput("filterGroupBy holds no mapping", [problem])
    return mapping


def _is_text(pair: tuple[object, object]) -> bool:
    return all(isinstance(part, str) for part in pair)


def _json(name: str, text: str | None) -> object:
    try:
        return None if text is None else decode_json(text)
    except (ValueError, RecursionError):
        raise InvalidInput(f"{name} holds no JSON", [Problem(f"query:{name}", "json", "no valid JSON")]) from None


def _request(asked: Mapping[str, datetime | object]) -> MeterQueryRequest:
    try:
        return MeterQueryRequest.model_validate(asked)
    except ValidationError as error:
        problems = [
            Problem("query:" + "/".join(map(str, fault["loc"])), fault["type"], fault["msg"])
            for fault in error.errors()
        ]
        raise InvalidInput(f"{len(problems)} fault(s) in the request", problems) from error
