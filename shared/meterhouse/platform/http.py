"""The HTTP edge: Powertools' resolver with our errors, request ids and idempotency keys around it."""

import json
from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from functools import cached_property, partial
from http import HTTPStatus
from re import Match
from typing import Any, NoReturn
from urllib.parse import parse_qs, quote, unquote

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response
from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.event_handler.exceptions import NotFoundError
from aws_lambda_powertools.event_handler.openapi.exceptions import RequestValidationError, ResponseValidationError
from aws_lambda_powertools.shared.json_encoder import Encoder
from aws_lambda_powertools.utilities.data_classes import APIGatewayProxyEventV2
from aws_lambda_powertools.utilities.typing import LambdaContext

from meterhouse.kernel.errors import (
    InvalidInput,
    InvariantBroken,
    MeterhouseError,
    NotFound,
    Problem,
    Unprocessable,
    UnsupportedMedia,
)
from meterhouse.platform import clock
from meterhouse.platform.access import told_of
from meterhouse.platform.acting import Actor, acting
from meterhouse.platform.calls import Calls
from meterhouse.platform.dynamodb import DynamoCounts
from meterhouse.platform.faults import invalid_input
from meterhouse.platform.gate import Gate
from meterhouse.platform.idempotency import Replay, as_it_is, replayed
from meterhouse.platform.logging import count, logger
from meterhouse.platform.postgres import Database
from meterhouse.platform.problem import CONTENT_TYPE, problem_response
from meterhouse.platform.trace_context import of_request, trace_id
from meterhouse.platform.wire import JsonFraction

Event = dict[str, Any]
Answer = dict[str, Any]
HttpHandler = Callable[[Event, LambdaContext], Answer]

LARGEST_ANSWER = 6_000_000
"""By `answer_size`; what is left of a Lambda's 6 MiB is for headers."""
_DEEPEST = 64
_MOST_OF_A_CHARACTER = 6
_IN_JSON = partial(json.dumps, separators=(",", ":"), cls=Encoder, ensure_ascii=False)


class _Request(APIGatewayProxyEventV2):
    @property
    def path(self) -> str:
        """The matched route with its parameters percent-encoded: in `rawPath` they are decoded, slashes and all."""
        _, _, path = str(self.get("routeKey") or "").partition(" ")
        path = path or self.raw_path
        for name, value in (self.path_parameters or {}).items():
            path = path.replace(f"{{{name}}}", quote(value, safe="", errors="replace"))
        return path

    @cached_property
    def decoded_body(self) -> str | None:
        try:
            return super().decoded_body
        except ValueError as error:
            raise json.JSONDecodeError("the body is not UTF-8", "", 0) from error

    @property
    def resolved_query_string_parameters(self) -> dict[str, list[str]]:
        """Payload 2.0 joins repeated parameters by commas; the raw query string still tells them apart."""
        return parse_qs(self.raw_query_string, keep_blank_values=True)


class _Resolver(APIGatewayHttpResolver):
    def _to_proxy_event(self, event: dict[str, Any]) -> _Request:
        return _Request(event, decode_json)

    def _convert_matches_into_route_keys(self, match: Match[str]) -> dict[str, str]:
        return {name: unquote(value) for name, value in super()._convert_matches_into_route_keys(match).items()}


def _refuse(constant: str) -> NoReturn:
    raise json.JSONDecodeError(f"{constant} is not JSON", constant, 0)


def decode_json(text: str) -> object:
    """JSON with exact numbers, refused here for all routes where it holds what no store or codec can.

    That is text with NUL or lone surrogates, and values nested beyond any use, on which recursion would break later.
    """
    try:
        value = json.loads(text, parse_float=JsonFraction, parse_constant=_refuse)
    except json.JSONDecodeError:
        raise
    except (ValueError, ArithmeticError, RecursionError) as error:
        # an integer of thousands of digits; an exponent of twenty; brackets in brackets
        raise json.JSONDecodeError("a number is too long, or values are nested too deep", "", 0) from error
    if _is_deeper(value, _DEEPEST):
        raise json.JSONDecodeError(f"values are nested more than {_DEEPEST} deep", "", 0)
    if "\\u" in text and not is_storable(value):
        raise json.JSONDecodeError("NUL and unpaired surrogates are not allowed", text, text.find("\\u"))
    return value


def _is_deeper(value: object, depth: int) -> bool:
    level: list[Any] = [[value]]
    for _ in range(depth + 1):
        parts = (part for parent in level for part in (parent.values() if isinstance(parent, dict) else parent))
        level = [part for part in parts if isinstance(part, dict | list)]
    return bool(level)


def is_storable(value: object) -> bool:
    """Whether no text in a decoded document holds a NUL or a lone surrogate, which no store keeps."""
    if isinstance(value, str):
        return "\0" not in value and not any("\ud800" <= character <= "\udfff" for character in value)
    if isinstance(value, dict):
        return all(is_storable(part) for pair in value.items() for part in pair)
    if isinstance(value, list):
        return all(is_storable(part) for part in value)
    return True


def _translated(error: Exception, event: Event) -> Exception:
    if isinstance(error, RequestValidationError):
        return invalid_input(error.errors(), _body_of(event))
    if isinstance(error, ResponseValidationError):
        faults = (f"{'.'.join(map(str, fault['loc']))} {fault['type']}" for fault in error.errors())
        return InvariantBroken(f"our answer breaks its own schema: {', '.join(faults)}")
    if isinstance(error, NotFoundError):
        return NotFound("route", f"{event['requestContext']['http']['method']} {event.get('rawPath', '')}")
    return error


def _body_of(event: Event) -> object:
    """The body once more, for pointers into it; None when there is none that can be read."""
    try:
        return _Request(event, decode_json).json_body
    except (ValueError, TypeError):
        return None


def namespace_of(event: Mapping[str, Any]) -> str:
    """The namespace the authorizer derived from the credential; it comes from nowhere else."""
    try:
        return told_of(event)["namespace"]
    except KeyError as error:
        raise InvariantBroken("the request passed no authorizer") from error


def _problem_answer(error: Exception, event: Event) -> Answer:
    request_id = str(event.get("requestContext", {}).get("requestId", ""))
    translated = _translated(error, event)
    if not isinstance(translated, MeterhouseError) or isinstance(translated, InvariantBroken):
        logger.exception("request failed", exc_info=translated)
        count("InternalErrors", 1)
    problem = problem_response(translated, request_id=request_id, path=str(event.get("rawPath", "")))
    return {
        "statusCode": problem.status,
        "headers": problem.headers,
        "body": problem.body,
        "isBase64Encoded": False,
    }


def answer_size(body: str) -> int:
    """Bytes that a body takes in a Lambda's answer, as a text in JSON.

    Python 3.13's runtime escapes no letters: awslambdaric (4.2.2) encodes with `ensure_ascii=False`.
    """
    return len(json.dumps(body, ensure_ascii=False).encode("utf-8", "surrogatepass"))


def _only_tells(event: Event, answer: Answer) -> bool:
    """What was written is told whatever its size: a refusal would say that nothing was."""
    method: str = event["requestContext"]["http"]["method"]
    return method == "GET" or (method == "POST" and int(answer["statusCode"]) == HTTPStatus.OK)


def _check_size(body: str) -> None:
    if len(body) * _MOST_OF_A_CHARACTER > LARGEST_ANSWER and answer_size(body) > LARGEST_ANSWER:
        raise Unprocessable("the answer would be larger than 6 MB; ask for less at once", "answer_too_large")


def resolver(*routers: Router) -> APIGatewayHttpResolver:
    """The rooms' routes, validating requests against their schemas."""
    app = _Resolver(
        enable_validation=True,
        response_validation_error_http_code=HTTPStatus.INTERNAL_SERVER_ERROR,
        serializer=_IN_JSON,
    )
    for router in routers:
        app.include_router(router)

    def problem(error: Exception) -> Response[str]:
        answer = _problem_answer(error, app.current_event.raw_event)
        headers = {name: value for name, value in answer["headers"].items() if name != "content-type"}
        return Response(answer["statusCode"], CONTENT_TYPE, answer["body"], headers)

    app.exception_handler([Exception])(problem)
    app.not_found(problem)
    return app


def http_handler(
    *routers: Router,
    database: Database | None = None,
    fit_to_keep: Callable[[str], str] = as_it_is,
    counts: DynamoCounts | None = None,
    bring_events: Collection[str] = (),
) -> HttpHandler:
    """A Lambda handler (HTTP API, payload 2.0) over the routers.

    With a `database`, a POST that carries `Idempotency-Key` answers its first response again, or what of it is
    `fit_to_keep`. Routes that `bring_events`, as the gateway names them, are shut when those of the month are used up.
    Whatever goes wrong, the caller gets problem+json, never a stack trace.
    """
    app, gate, calls = resolver(*routers), Gate(counts), Calls()

    def resolve(event: Event, context: LambdaContext) -> Answer:
        answer = app.resolve(event, context)
        if _only_tells(event, answer):
            _check_size(answer.get("body") or "")
        # a gateway may take null, which Powertools gives for an empty answer, for the fault of a function
        return answer | {"body": answer.get("body") or ""}

    def answer(event: Event, context: LambdaContext) -> Answer:
        key = (event.get("headers") or {}).get("idempotency-key")
        if database is not None and key and event["requestContext"]["http"]["method"] == "POST":
            replay = Replay(namespace=namespace_of(event), key=key, event=event)
            return replayed(database, replay, lambda: resolve(event, context), fit_to_keep)
        return resolve(event, context)

    def guarded(event: Event, context: LambdaContext, at: datetime) -> Answer:
        try:
            with gate.passed(event, at, brings_events=event.get("routeKey") in bring_events):
                _check_target(event)
                _check_media_type(event)
                with acting(_actor_of(event)):
                    return answer(event, context)
        except Exception as error:  # noqa: BLE001 - the edge: an exception past it would be a 502 with a trace
            return _problem_answer(error, event)

    @logger.inject_lambda_context(clear_state=True)
    def handle(event: Event, context: LambdaContext) -> Answer:
        began = clock.now()
        logger.info(
            "request",
            extra={
                "route": event.get("routeKey"),
                "request": event["requestContext"].get("requestId"),
                "trace": trace_id(of_request(event.get("headers") or {})),
            },
        )
        answered = guarded(event, context, began)
        calls.tell(began, clock.now(), answered["statusCode"])
        return answered

    return handle


def _actor_of(event: Event) -> Actor | None:
    """Who is to stand in the audit log; nobody for what only asks."""
    if event["requestContext"]["http"]["method"] == "GET":
        return None
    told = told_of(event)
    names = (("key", told.get("keyId")), ("person", told.get("subject")), ("portal-token", told.get("portalToken")))
    name = next((f"{kind}:{name}" for kind, name in names if name), "anybody")
    return Actor(name, str(event.get("routeKey", "")), str(event["requestContext"].get("requestId", "")))


def _check_target(event: Event) -> None:
    for part in ("rawPath", "rawQueryString"):
        if "%00" in event.get(part, "") or "\0" in event.get(part, ""):
            raise InvalidInput("the address holds a NUL", [Problem(f"{part}:", "nul", "NUL is not allowed")])


def _check_media_type(event: Event) -> None:
    """Powertools would read forms too, which the contract does not have."""
    given = (event.get("headers") or {}).get("content-type", "").partition(";")[0].strip().lower()
    if event.get("body") and given not in {"", "application/json"}:
        raise UnsupportedMedia("the body must be application/json")
