"""docs/api.md, written from the OpenAPI document: `python -m tests.contract.reference`."""

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from functions.describe_api.handler import openapi

_PAGE_OF = re.compile(r"^\w*?Page_(\w+?)_+$")
PAGE = Path(__file__).resolve().parents[2] / "docs" / "api.md"
_HEAD = """# The API

Written by `make reference` from the OpenAPI document of a deployment, `GET /api/v1/openapi.json`; a test holds it
against the code. There every field stands with its type; here is what there is. All routes take
`Authorization: Bearer <API key>`; those of the portal a portal token. Faults are RFC 9457 problems that name each
faulty field by JSON pointer, in `extensions.validationErrors`; below `/api/v3` in `invalid_parameters`, too, as the
contract has it.

Where the document says so, a filter takes an operator: `filter[key]=a` is `filter[key][eq]=a`, and there are `neq`,
`oeq=a,b` (one of these), `contains`, `ocontains`, `gt`, `gte`, `lt`, `lte` (texts by their code points) and `exists`.
"""


def reference() -> str:
    """The page."""
    document = json.loads(openapi())
    by_tag: dict[str, list[str]] = defaultdict(list)
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            by_tag[operation["tags"][0]].append(_row(method, path, operation))
    sections = [f"## {tag}\n\n{_table(rows)}" for tag, rows in sorted(by_tag.items())]
    return "\n".join([_HEAD, *sections])


def _table(rows: Iterable[str]) -> str:
    head = "| route | what it does | query | body | answer |\n|---|---|---|---|---|\n"
    return head + "\n".join(rows) + "\n"


def _row(method: str, path: str, operation: Mapping[str, Any]) -> str:
    asked = [one["name"] for one in operation.get("parameters", ()) if one["in"] == "query"]
    body = _schema(operation.get("requestBody", {}))
    status, answer = next(iter(operation["responses"].items()))
    told = " ".join(filter(None, [status, _schema(answer)]))
    query = ", ".join(f"`{name}`" for name in asked)
    return f"| `{method.upper()} {path}` | {operation['summary']} | {query} | {body} | {told} |"


def _schema(holder: Mapping[str, Any]) -> str:
    names = {_name(content.get("schema", {})) for content in holder.get("content", {}).values()}
    return ", ".join(sorted(filter(None, names)))


def _name(schema: Mapping[str, Any]) -> str:
    if reference_ := schema.get("$ref"):
        name = str(reference_).rpartition("/")[2]
        return _PAGE_OF.sub(_page, name)
    if "items" in schema:
        inner = _name(schema["items"])
        return f"list of {inner}" if inner else "list"
    return " or ".join(filter(None, map(_name, schema.get("anyOf", schema.get("oneOf", ())))))


def _page(found: re.Match[str]) -> str:
    """A page's own name spells out its type arguments."""
    return f"page of {found[1]}" if "_" not in found[1] else "page"


if __name__ == "__main__":
    PAGE.write_text(reference(), encoding="utf-8")
