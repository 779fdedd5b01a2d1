"""Errors on the wire: RFC 9457 problem details. The only place that knows which error has which HTTP status."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from itertools import accumulate

from meterhouse.kernel import errors
from meterhouse.platform.invalid_parameters import VERSION_3, invalid_parameters

CONTENT_TYPE = "application/problem+json"
_STATUS: dict[type[errors.MeterhouseError], HTTPStatus] = {
    errors.InvalidInput: HTTPStatus.BAD_REQUEST,
    errors.Unauthenticated: HTTPStatus.UNAUTHORIZED,
    errors.Forbidden: HTTPStatus.FORBIDDEN,
    errors.NotFound: HTTPStatus.NOT_FOUND,
    errors.Conflict: HTTPStatus.CONFLICT,
    errors.Gone: HTTPStatus.GONE,
    errors.TooLarge: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    errors.UnsupportedMedia: HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    errors.Unprocessable: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.TooMany: HTTPStatus.TOO_MANY_REQUESTS,
    errors.Unavailable: HTTPStatus.SERVICE_UNAVAILABLE,
}

_LARGEST_LIST = 1_500_000
"""Characters: the contract's third version lists faults twice, Lambda counts quotes twice and takes 6 MB at most."""
_NAMES = 40
"""Characters of a fault's members' names."""


@dataclass(frozen=True, slots=True)
class ProblemResponse:
    """A status, the JSON body of a problem and its headers."""

    status: int
    body: str
    headers: dict[str, str] = field(default_factory=dict)


def _told(problems: Sequence[errors.Problem]) -> Sequence[errors.Problem]:
    """The first that fit into an answer."""
    sizes = accumulate(len(json.dumps((p.field, p.code, p.message))) + _NAMES for p in problems)
    return problems[: sum(size <= _LARGEST_LIST for size in sizes)]


def status_of(error: Exception) -> HTTPStatus:
    """Of whatever was raised; a 500 for what is not one of ours."""
    return next((code for kind, code in _STATUS.items() if isinstance(error, kind)), HTTPStatus.INTERNAL_SERVER_ERROR)


def problem_response(error: Exception, *, request_id: str, path: str = "") -> ProblemResponse:
    """How `error` looks to who asked for `path`; what is not one of ours tells nothing but the request's id.

    `instance` is an absolute URI, as the contract has it: it names the request.
    """
    status = status_of(error)
    ours = isinstance(error, errors.MeterhouseError) and status is not HTTPStatus.INTERNAL_SERVER_ERROR
    document: dict[str, object] = {
        "type": "about:blank",
        "title": status.phrase,
        "status": int(status),
        "detail": str(error) if ours else f"internal error; quote request {request_id}",
        "instance": f"urn:request:{request_id}",
        "requestId": request_id,
    }
    if isinstance(error, errors.Conflict | errors.Unprocessable | errors.Forbidden | errors.TooMany):
        document["code"] = error.code
    if isinstance(error, errors.Unauthenticated) and error.code:
        document["code"] = error.code
    if isinstance(error, errors.Forbidden) and error.scope:
        document["scope"] = error.scope
    if isinstance(error, errors.Conflict | errors.TooMany):
        document = {**error.facts, **document}
    problems = getattr(error, "problems", ())
    told = _told(problems)
    if problems:
        document["extensions"] = {
            "validationErrors": [{"field": p.field, "code": p.code, "message": p.message} for p in told]
        }
    if len(told) < len(problems):
        document["detail"] = f"{document['detail']}; {len(told)} of {len(problems)} faults are listed"
    if isinstance(error, errors.InvalidInput) and path.startswith(VERSION_3):
        document["invalid_parameters"] = invalid_parameters(errors.InvalidInput(error.detail, told))
    headers = {"content-type": CONTENT_TYPE, "x-request-id": request_id}
    if isinstance(error, errors.Unauthenticated):
        headers["www-authenticate"] = "Bearer" if error.code is None else f'Bearer error="{error.code}"'
    if isinstance(error, errors.Unavailable | errors.TooMany):
        headers["retry-after"] = str(error.retry_after_seconds)
    return ProblemResponse(int(status), json.dumps(document), headers)
