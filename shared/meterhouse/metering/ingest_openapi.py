"""How ingest reads in the OpenAPI document; written by hand like its edge, and kept to what `cloud_event` accepts."""

from typing import Any

_EVENT = {"$ref": "#/components/schemas/Event"}
_EVENTS = {"type": "array", "items": _EVENT, "minItems": 1}
_TEXT = {"type": "string", "minLength": 1, "maxLength": 1024}

PATHS: dict[str, Any] = {
    "/api/v1/events": {
        "post": {
            "operationId": "ingestEvents",
            "tags": ["Events"],
            "summary": "Ingest events",
            "description": "One event or a batch; all are accepted, durably, or none.",
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
        "required": ["id", "source", "type", "subject"],
        "properties": {
            **dict.fromkeys(("id", "source", "type", "subject", "dataschema"), _TEXT),
            "specversion": {"type": "string", "enum": ["1.0"], "default": "1.0"},
            "time": {"type": "string", "format": "date-time", "description": "The instant of ingest when not given"},
            "datacontenttype": {"type": "string", "enum": ["application/json"]},
            "data": {"type": ["object", "null"]},
        },
    }
}
