"""What is wrong with an answer, held against the document and against the rules that all refusals keep."""

import re
from collections.abc import Iterator
from typing import Any

from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.core.parameters import ParameterLocation
from schemathesis.core.transport import Response
from schemathesis.generation.case import Case
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
)

CHECKS = [
    not_a_server_error,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    negative_data_rejection,
]
_FIELD = re.compile(r"(/.*|(query|path|header|rawPath|rawQueryString):.*)?", re.DOTALL)
_BAD_REQUEST = 400


def faults_of(case: Case[Any], response: Response) -> list[str]:
    """Every one, in a sentence; none where the answer is as the document says."""
    return [*_by_schemathesis(case, response), *_by_us(case, response)]


def _by_schemathesis(case: Case[Any], response: Response) -> Iterator[str]:
    checks = [check for check in CHECKS if check is not negative_data_rejection or not _has_an_ignored_part(case)]
    try:
        case.validate_response(response, checks=checks)
    except FailureGroup as group:
        yield from (f"{failure.title}: {failure}" for failure in group.exceptions)


def _has_an_ignored_part(case: Case[Any]) -> bool:
    """Headers of binary mode count for no body in another mode, which no schema can say."""
    headers = case.meta.components.get(ParameterLocation.HEADER) if case.meta else None
    return headers is not None and headers.mode.is_negative


def _by_us(case: Case[Any], response: Response) -> Iterator[str]:
    """`default` documents nothing: a status must be named. A fault of the request must say where it is."""
    if str(response.status_code) not in case.operation.definition.raw["responses"]:
        yield f"status {response.status_code} is not documented"
    if response.status_code == _BAD_REQUEST:
        document = response.json()
        found = document.get("extensions", {}).get("validationErrors", [])
        if not found:
            yield f"a fault without its field: {document['detail']}"
        yield from (f"no field is called {one['field']!r}" for one in found if not _FIELD.fullmatch(one["field"]))
