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
from meterhouse.platform.problem_openapi import PROBLEM, refusals, responses
from meterhouse.platform.query_openapi import EXTENSION

_SCHEMES: dict[str, SecurityScheme] = {"apiKey": HTTPBearer(description="An API key of a namespace")}
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
    made["components"]["schemas"] = {**schemas, **handmade.schemas, "Problem": PROBLEM}
    made["components"]["responses"] = responses()
    return made


def _paths(paths: dict[str, Any], app: APIGatewayHttpResolver, handmade: Handmade) -> dict[str, Any]:
    for route in (*app._static_routes, *app._dynamic_routes):  # noqa: SLF001 - the only list of routes there is
        _name_as_in_contract(paths[route.openapi_path][route.method.lower()], route)
    named = {_PARAMETER.sub(_camel, path): operations for path, operations in paths.items()}
    merged = {path: named.get(path, {}) | handmade.paths.get(path, {}) for path in {*named, *handmade.paths}}
    for operations in merged.values():
        for method, operation in operations.items():
            operation["responses"] = {**operation["responses"], **refusals(method, operation)}
    return dict(sorted(merged.items()))


def _status(route: Route) -> HTTPStatus:
    """What a route answers when all is well: as it says, or as its type does: a tuple is 201, an empty response 204."""
    if route.status_code != HTTPStatus.OK:
        return HTTPStatus(route.status_code)
    if get_origin(route.func.__annotations__.get("return")) is tuple:
        return HTTPStatus.CREATED
    return HTTPStatus.NO_CONTENT if _is_empty(route) else HTTPStatus.OK


def _is_empty(route: Route) -> bool:
    return bool(route.func.__annotations__.get("return") == Response[None])


def _name_as_in_contract(operation: dict[str, Any], route: Route) -> None:
    responses = operation["responses"]
    told = str(int(route.status_code))
    fine = {"description": "No content"} if _is_empty(route) else responses.get(told)
    kept = {code: response for code, response in responses.items() if code not in {told, *_POWERTOOLS_RESPONSES}}
    operation["responses"] = {str(int(_status(route))): fine, **kept}
    for parameter in operation.get("parameters", ()):
        if parameter["in"] == "path":
            parameter["name"] = to_camel(parameter["name"])
        parameter["schema"] = _of_text(parameter["schema"])
    if further := operation.pop(EXTENSION, None):
        said = {(parameter["in"], parameter["name"]): parameter for parameter in operation.get("parameters", ())}
        operation["parameters"] = [*(said | {(one["in"], one["name"]): one for one in further}).values()]


def _of_text(schema: dict[str, Any]) -> dict[str, Any]:
    """Without the null that Python has for what is not given: no address can say it."""
    told = [one for one in schema.get("anyOf", ()) if one != {"type": "null"}]
    if len(told) == len(schema.get("anyOf", ())):
        return schema
    rest = {name: value for name, value in schema.items() if name != "anyOf"}
    return rest | (told[0] if len(told) == 1 else {"anyOf": told})


def _camel(parameter: Match[str]) -> str:
    return f"{{{to_camel(parameter[1])}}}"
