"""The OpenAPI document of a set of routes, with our errors and credentials in place of Powertools' defaults."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from re import Match
from typing import Any, get_origin

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response
from aws_lambda_powertools.event_handler.api_gateway import Route, Router
from aws_lambda_powertools.event_handler.openapi.models import HTTPBearer, SecurityScheme
from pydantic.alias_generators import to_camel

from meterhouse.platform.http import resolver
from meterhouse.platform.problem import CONTENT_TYPE
from meterhouse.platform.query_openapi import EXTENSION

_SCHEMES: dict[str, SecurityScheme] = {"apiKey": HTTPBearer(description="An API key of a namespace")}
_PROBLEM = {
    "type": "object",
    "title": "Problem",
    "description": "RFC 9457 problem details",
    "required": ["type", "title", "status", "detail", "instance"],
    "properties": {
        "type": {"type": "string", "format": "uri-reference", "default": "about:blank"},
        "title": {"type": "string"},
        "status": {"type": "integer", "minimum": 400, "maximum": 599},
        "detail": {"type": "string"},
        "instance": {"type": "string", "format": "uri", "description": "urn:request: and the request's id"},
        "requestId": {"type": "string"},
        "code": {"type": "string", "description": "Of a conflict or what is forbidden: its reason, for programs"},
        "scope": {"type": "string", "description": "What the credential lacks, where that is the reason"},
        "extensions": {
            "type": "object",
            "properties": {
                "validationErrors": {
                    "type": "array",
                    "items": {
                        "type": "object",
                        "required": ["field", "code", "message"],
                        "properties": {
                            "field": {"type": "string", "description": "JSON pointer, or query:<name>, path:<name>"},
                            "code": {"type": "string"},
                            "message": {"type": "string"},
                        },
                    },
                }
            },
        },
    },
}
_PROBLEM_RESPONSE = {
    "description": "Refused or failed",
    "content": {CONTENT_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
}
_PARAMETER = re.compile(r"\{(\w+)\}")
_POWERTOOLS_RESPONSES = ("200", "422", "500")
_POWERTOOLS_SCHEMAS = ("HTTPValidationError", "ResponseValidationError", "ValidationError")


@dataclass(frozen=True, slots=True)
class Handmade:
    """The part of a document that comes from no router: paths and schemas as they stand in it."""

    paths: Mapping[str, Any]
    schemas: Mapping[str, Any]


def document(*routers: Router, handmade: Handmade, title: str, version: str, description: str) -> dict[str, Any]:
    """The document as JSON. Every operation takes the bearer key and may answer with a problem."""
    app = resolver(*routers)
    made: dict[str, Any] = json.loads(
        app.get_openapi_json_schema(
            title=title,
            version=version,
            description=description,
            security_schemes=_SCHEMES,
            security=[{"apiKey": []}],
        )
    )
    made.pop("servers", None)
    made["paths"] = _paths(made["paths"], app, handmade)
    schemas = {
        name: schema for name, schema in made["components"]["schemas"].items() if name not in _POWERTOOLS_SCHEMAS
    }
    made["components"]["schemas"] = {**schemas, **handmade.schemas, "Problem": _PROBLEM}
    return made


def _paths(paths: dict[str, Any], app: APIGatewayHttpResolver, handmade: Handmade) -> dict[str, Any]:
    for route in (*app._static_routes, *app._dynamic_routes):  # noqa: SLF001 - the only list of routes there is
        _name_as_in_contract(paths[route.openapi_path][route.method.lower()], _status(route))
    named = {_PARAMETER.sub(_camel, path): operations for path, operations in paths.items()}
    merged = {path: named.get(path, {}) | handmade.paths.get(path, {}) for path in {*named, *handmade.paths}}
    for operations in merged.values():
        for operation in operations.values():
            operation["responses"] = {**operation["responses"], "default": _PROBLEM_RESPONSE}
    return dict(sorted(merged.items()))


def _status(route: Route) -> HTTPStatus:
    """What a route answers when all is well, told by its return type: a tuple carries 201, an empty response is 204."""
    returned = route.func.__annotations__.get("return")
    if get_origin(returned) is tuple:
        return HTTPStatus.CREATED
    return HTTPStatus.NO_CONTENT if returned == Response[None] else HTTPStatus.OK


def _name_as_in_contract(operation: dict[str, Any], status: HTTPStatus) -> None:
    responses = operation["responses"]
    fine = {"description": "No content"} if status is HTTPStatus.NO_CONTENT else responses.get("200")
    kept = {code: response for code, response in responses.items() if code not in _POWERTOOLS_RESPONSES}
    operation["responses"] = {str(int(status)): fine, **kept}
    for parameter in operation.get("parameters", ()):
        if parameter["in"] == "path":
            parameter["name"] = to_camel(parameter["name"])
    if further := operation.pop(EXTENSION, None):
        said = {(parameter["in"], parameter["name"]): parameter for parameter in operation.get("parameters", ())}
        operation["parameters"] = [*(said | {(one["in"], one["name"]): one for one in further}).values()]


def _camel(parameter: Match[str]) -> str:
    return f"{{{to_camel(parameter[1])}}}"
