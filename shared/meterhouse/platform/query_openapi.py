"""How query parameters read in the OpenAPI document that no route's signature can name.

A route says them among its `openapi_extensions`; `openapi` puts them in their place.
"""

from typing import Any

EXTENSION = "x-query-parameters"


def query_parameters(*parameters: dict[str, Any]) -> dict[str, Any]:
    """For `openapi_extensions`: each takes the place of the signature's parameter of its name."""
    return {EXTENSION: list(parameters)}


def by_key(name: str, values: dict[str, Any]) -> dict[str, Any]:
    """`name[key]=value`, the contract's deepObject, with `values` of this schema."""
    schema = {"type": "object", "additionalProperties": values}
    return {"name": name, "in": "query", "required": False, "style": "deepObject", "explode": True, "schema": schema}


def in_json(name: str, schema: dict[str, Any]) -> dict[str, Any]:
    """`name={…}`, a document of this schema."""
    return {"name": name, "in": "query", "required": False, "content": {"application/json": {"schema": schema}}}
