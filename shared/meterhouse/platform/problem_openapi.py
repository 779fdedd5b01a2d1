"""How refusals read in the OpenAPI document: which status may come of which operation, and as what."""

from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Any

from meterhouse.platform.problem import CONTENT_TYPE

_SCHEMA = {"$ref": "#/components/schemas/Problem"}
_BY_GATEWAY = {"type": "object", "title": "Refused by the gateway", "properties": {"message": {"type": "string"}}}
PROBLEM: dict[str, Any] = {
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
        "invalid_parameters": {
            "type": "array",
            "description": "The faults as version 3 of the contract names them: of its routes, of status 400",
            "items": {
                "type": "object",
                "required": ["field", "reason"],
                "properties": {
                    "field": {
                        "type": "string",
                        "description": "The parameter's name, or the path of names in the body",
                    },
                    "reason": {"type": "string"},
                    "source": {"type": "string", "enum": ["body", "query", "path", "header"]},
                },
            },
        },
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
_ALWAYS: dict[HTTPStatus, str] = {
    HTTPStatus.BAD_REQUEST: "The request breaks its rules; each fault is named with its field",
    HTTPStatus.UNAUTHORIZED: "No credential, or one that is over",
    HTTPStatus.FORBIDDEN: "The credential is unknown, or does not open this; or billing of its namespace is locked",
    HTTPStatus.NOT_FOUND: "The namespace has no such thing",
    HTTPStatus.UNPROCESSABLE_ENTITY: "Sound, and still not to be done as it was asked for",
    HTTPStatus.TOO_MANY_REQUESTS: "More requests than are granted; `Retry-After` tells when the next may come",
    HTTPStatus.INTERNAL_SERVER_ERROR: "A fault of ours; the request's id leads to it",
    HTTPStatus.SERVICE_UNAVAILABLE: "Something needed does not answer; the same request may succeed later",
}
_OF_BODIES: dict[HTTPStatus, str] = {
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "More than is taken in one request",
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: "A content type that is not read here",
}
_OF_CHANGES: dict[HTTPStatus, str] = {
    HTTPStatus.CONFLICT: "Sound, but not in the present state; `code` names the reason",
    HTTPStatus.GONE: "It was deleted for good",
}
_OF_THE_GATEWAY = {
    HTTPStatus.UNAUTHORIZED,
    HTTPStatus.FORBIDDEN,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    HTTPStatus.TOO_MANY_REQUESTS,
    HTTPStatus.INTERNAL_SERVER_ERROR,
    HTTPStatus.SERVICE_UNAVAILABLE,
}
"""What the gateway may answer, too, before any function is called or in its place."""


def refusals(method: str, operation: Mapping[str, Any]) -> dict[str, Any]:
    """The responses of an operation that does not do what it was asked for; `default` for clients that know no more."""
    possible = [
        *_ALWAYS,
        *(_OF_CHANGES if method != "get" else ()),
        *(_OF_BODIES if "requestBody" in operation else ()),
    ]
    named = {str(int(status)): {"$ref": f"#/components/responses/{_name(status)}"} for status in sorted(possible)}
    return named | {"default": _problem("Refused or failed")}


def responses() -> dict[str, Any]:
    """What `refusals` refers to."""
    return dict(_described())


def _described() -> Iterator[tuple[str, Any]]:
    for status, description in (_ALWAYS | _OF_BODIES | _OF_CHANGES).items():
        response = _problem(description)
        if status in _OF_THE_GATEWAY:
            response["content"]["application/json"] = {"schema": _BY_GATEWAY}
        yield _name(status), response


def _problem(description: str) -> dict[str, Any]:
    return {"description": description, "content": {CONTENT_TYPE: {"schema": _SCHEMA}}}


def _name(status: HTTPStatus) -> str:
    return status.phrase.replace(" ", "")
