"""The HTTP edge with a small router of its own: whatever a client sends, it answers problem+json and never 5xx."""

import base64
import json
from decimal import Decimal
from typing import Annotated, Any

import pytest
from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.event_handler.openapi.params import Body, Query

from meterhouse.kernel.errors import Conflict, NotFound, Problem, Unavailable
from meterhouse.platform.http import http_handler, namespace_of
from meterhouse.platform.wire import Key, Numeric, Wire
from tests.problems import faults_of
from tests.unit.platform.requests import CONTEXT, request


class Part(Wire):
    amount: Numeric


class Thing(Wire):
    key: Key
    display_name: str | None = None
    part: Part | None = None


class Choices(Wire):
    tag: str | None = None


def routes() -> Router:
    router = Router()

    @router.post("/things")
    def create(body: Annotated[Thing, Body()]) -> tuple[Thing, int]:
        return body, 201

    @router.post("/choices")
    def choose(body: Annotated[Choices, Body()]) -> Choices:
        return body

    @router.get("/things/<thing_key>")
    def get(thing_key: str, tag: Annotated[list[str] | None, Query()] = None) -> dict[str, Any]:
        return {"key": thing_key, "tags": tag, "namespace": namespace_of(router.current_event.raw_event)}

    @router.get("/failures/<kind>")
    def fail(kind: str) -> dict[str, Any]:
        raise FAILURES[kind]

    @router.get("/wrong-answer")
    def break_schema() -> Thing:
        wrong: Any = {"key": "Not A Key", "displayName": "private"}
        return wrong  # type: ignore[no-any-return]

    @router.delete("/things")
    def clear() -> Response[None]:
        return Response(204)

    return router


FAILURES: dict[str, Exception] = {
    "missing": NotFound("thing", "a"),
    "conflict": Conflict("taken", "key_conflict", [Problem("/key", "key_conflict", "taken")]),
    "unavailable": Unavailable("the database asks to try again", retry_after_seconds=3),
    "bug": ZeroDivisionError("secret detail"),
}

handler = http_handler(routes())


def answer(event: dict[str, Any]) -> tuple[int, Any]:
    response = handler(event, CONTEXT)
    if response["statusCode"] >= 400:
        assert _content_type(response) == "application/problem+json"
    body = response.get("body")
    return response["statusCode"], json.loads(body) if body else None


def _content_type(response: dict[str, Any]) -> str:
    headers = response.get("headers") or {}
    multiple = response.get("multiValueHeaders") or {}
    found = {name.lower(): value for name, value in {**multiple, **headers}.items()}["content-type"]
    return str(found[0] if isinstance(found, list) else found)


def faults(event: dict[str, Any]) -> list[tuple[str, str]]:
    status, document = answer(event)
    assert status == 400, document
    return faults_of(document)


def test_a_valid_body_is_answered_in_the_shape_of_the_contract() -> None:
    sent = {"key": "a", "displayName": "A", "part": {"amount": "1.50"}}
    assert answer(request("POST", "/things", sent)) == (201, sent)


def test_every_faulty_field_is_named_with_its_pointer() -> None:
    body = {"key": "Not A Key", "part": {"amount": 1.5, "other/field": 1}, "unknown": True}
    assert sorted(faults(request("POST", "/things", body))) == [
        ("/key", "string_pattern_mismatch"),
        ("/part/amount", "value_error"),
        ("/part/other~1field", "extra_forbidden"),
        ("/unknown", "extra_forbidden"),
    ]


def test_a_missing_field_is_named_where_it_should_stand() -> None:
    assert faults(request("POST", "/things", {"part": {}})) == [("/key", "missing"), ("/part/amount", "missing")]


def test_our_own_names_of_fields_are_unknown_in_a_body() -> None:
    assert faults(request("POST", "/things", {"key": "a", "display_name": "A"})) == [
        ("/display_name", "extra_forbidden")
    ]


@pytest.mark.parametrize("number", ["1", "1.5", "1e2"])
def test_a_number_is_no_object(number: str) -> None:
    assert [field for field, _ in faults(request("POST", "/things", f'{{"key": "a", "part": {number}}}'))] == ["/part"]
    assert [field for field, _ in faults(request("POST", "/choices", number))] == [""]


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "nonsense",
        '{"key": NaN}',
        '{"key": Infinity}',
        '{"key": "a\\u0000"}',
        '{"key": "\\ud800"}',
        '{"\\udfff": "a"}',
        '{"key": ' + "9" * 5000 + "}",
        '{"key": 1e' + "9" * 25 + "}",
        "[" * 100_000,
        '{"key": ' + "[" * 64 + "]" * 64 + "}",
    ],
    ids=[
        "cut",
        "text",
        "NaN",
        "infinity",
        "NUL",
        "surrogate",
        "surrogate name",
        "long integer",
        "long exponent",
        "unclosed",
        "deep",
    ],
)
def test_a_body_that_is_no_storable_json_is_refused_as_a_whole(text: str) -> None:
    assert faults(request("POST", "/things", text)) == [("", "json_invalid")]


@pytest.mark.parametrize("body", [None, "", "null", "[]", "1", '"text"'])
def test_a_body_of_another_kind_is_refused(body: str | None) -> None:
    assert answer(request("POST", "/things", body))[0] == 400


def test_bytes_that_are_no_utf8_are_refused() -> None:
    event = request("POST", "/things", base64.b64encode(b'{"key": "\xff"}').decode()) | {"isBase64Encoded": True}
    assert faults(event) == [("", "json_invalid")]


def test_a_base64_body_is_read() -> None:
    event = request("POST", "/things", base64.b64encode(b'{"key": "a"}').decode()) | {"isBase64Encoded": True}
    assert answer(event) == (201, {"key": "a"})


@pytest.mark.parametrize("media_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"])
def test_another_media_type_is_415(media_type: str) -> None:
    status, document = answer(request("POST", "/things", {"key": "a"}, headers={"content-type": media_type}))
    assert (status, document["title"]) == (415, "Unsupported Media Type")


def test_a_media_type_with_parameters_and_none_at_all_are_read_as_json() -> None:
    for headers in ({"content-type": "application/json; charset=utf-8"}, {}):
        assert answer(request("POST", "/things", {"key": "a"}, headers=headers))[0] == 201


def test_a_nul_in_the_address_is_refused() -> None:
    for event in (request("GET", "/things/a%00"), request("GET", "/things/a", query="tag=%00")):
        assert answer(event)[0] == 400


def test_an_unknown_route_is_404() -> None:
    status, document = answer(request("GET", "/nothing"))
    assert (status, document["detail"]) == (404, "route 'GET /nothing' not found")


@pytest.mark.parametrize("key", ["plain", "with space", "a/b", "50%", "ä€", "a#b?c", 'quote"', "%41"])
def test_a_path_parameter_arrives_as_the_caller_meant_it(key: str) -> None:
    event = request("GET", f"/things/{key}", route="/things/{thingKey}", parameters={"thingKey": key})
    assert answer(event)[1]["key"] == key


def test_repeated_query_parameters_keep_their_commas() -> None:
    assert answer(request("GET", "/things/a", query="tag=x%2Cy&tag=z"))[1]["tags"] == ["x,y", "z"]


def test_an_unexpected_error_tells_the_request_id_and_nothing_else() -> None:
    status, document = answer(request("GET", "/failures/bug"))
    assert (status, document["detail"]) == (500, "internal error; quote request request-1")
    assert "secret" not in json.dumps(document)


def test_an_answer_that_breaks_our_schema_is_our_fault_and_stands_in_the_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    status, document = answer(request("GET", "/wrong-answer"))
    assert (status, document["detail"]) == (500, "internal error; quote request request-1")
    assert "response.key string_pattern_mismatch" in caplog.text
    assert "private" not in caplog.text


def test_an_error_that_may_pass_says_when_to_come_back() -> None:
    response = handler(request("GET", "/failures/unavailable"), CONTEXT)
    assert response["statusCode"] == 503
    assert "3" in json.dumps(response.get("headers") or response["multiValueHeaders"])


def test_a_conflict_carries_its_code_for_programs() -> None:
    status, document = answer(request("GET", "/failures/conflict"))
    assert (status, document["code"]) == (409, "key_conflict")


def test_a_request_without_authorizer_reaches_nothing() -> None:
    event = request("GET", "/things/a")
    del event["requestContext"]["authorizer"]
    assert answer(event)[0] == 500


def test_an_answer_without_content_has_no_body() -> None:
    assert answer(request("DELETE", "/things")) == (204, None)
    assert handler(request("DELETE", "/things"), CONTEXT)["body"] == ""


def test_numbers_of_a_body_are_exact() -> None:
    class Exact(Wire):
        amount: Decimal

    router = Router()

    @router.post("/exact")
    def create(body: Annotated[Exact, Body()]) -> dict[str, str]:
        return {"amount": str(body.amount)}

    response = http_handler(router)(
        request("POST", "/exact", '{"amount": 0.1000000000000000055511151231257827}'), CONTEXT
    )
    assert json.loads(response["body"]) == {"amount": "0.1000000000000000055511151231257827"}


def test_an_answer_that_no_function_may_give_says_to_ask_for_less(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("meterhouse.platform.http.LARGEST_ANSWER", 60)
    status, problem = answer(request("GET", "/things/" + "x" * 60))
    assert (status, problem["code"]) == (422, "answer_too_large")
    assert answer(request("GET", "/things/x"))[0] == 200
