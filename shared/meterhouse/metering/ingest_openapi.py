"""How ingest reads in the OpenAPI document; written by hand like its edge, and kept to what `cloud_event` accepts."""

from typing import Any

_EVENT = {"$ref": "#/components/schemas/Event"}
_EVENTS = {"type": "array", "items": _EVENT}
_TEXT: dict[str, Any] = {"type": "string", "minLength": 1, "maxLength": 1024}
_REQUIRED = ("id", "source", "type", "subject")
_DESCRIPTION = """One event or a batch; all are accepted, durably, or none.

With any other content type than those of CloudEvents, a `ce-` header of an attribute makes the request one event in
binary mode: attributes in `ce-` headers, as data the body, a JSON object or nothing. Bodies may be compressed by gzip.
An event has at most 128 levels of nesting; of an attribute given twice the last counts."""


def _header(name: str, description: str, **schema: object) -> dict[str, Any]:
    """A header of binary mode; none is required, since a body may hold what it says."""
    return {"name": name, "in": "header", "required": False, "description": description, "schema": schema}


_BINARY_MODE = [
    _header("ce-specversion", "1.0 when not given", type="string", enum=["1.0"]),
    *(_header(f"ce-{name}", "Percent-encoded UTF-8; required in binary mode", **_TEXT) for name in _REQUIRED),
    _header("ce-time", "The instant of ingest when not given", type="string", format="date-time"),
    _header("ce-dataschema", "Percent-encoded UTF-8", **_TEXT),
]
_GZIP = _header(
    "content-encoding", "Of the body; 32 MiB at most when inflated", type="string", enum=["gzip", "identity"]
)

PATHS: dict[str, Any] = {
    "/api/v1/events": {
        "post": {
            "operationId": "ingestEvents",
            "tags": ["Events"],
            "summary": "Ingest events",
            "description": _DESCRIPTION,
            "parameters": [*_BINARY_MODE, _GZIP],
            "requestBody": {
                "required": True,
                "content": {
                    "application/cloudevents+json": {"schema": _EVENT},
                    "application/cloudevents-batch+json": {"schema": _EVENTS},
                    "application/json": {"schema": {"anyOf": [_EVENT, _EVENTS]}},
                },
            },
            "responses": {"204": {"description": "Accepted"}},
        }
    }
}
SCHEMAS: dict[str, Any] = {
    "Event": {
        "type": "object",
        "title": "Event",
        "description": "A CloudEvent 1.0; (source, id) identifies it, and the first one counts",
        "required": [*_REQUIRED],
        "properties": {
            **dict.fromkeys(_REQUIRED, _TEXT),
            "dataschema": {**_TEXT, "type": ["string", "null"]},
            "specversion": {"type": "string", "enum": ["1.0"], "default": "1.0"},
            "time": {
                "type": ["string", "null"],
                "format": "date-time",
                "description": "The instant of ingest when not given",
            },
            "datacontenttype": {"type": ["string", "null"], "enum": ["application/json", None]},
            "data": {"type": ["object", "null"]},
        },
    }
}
