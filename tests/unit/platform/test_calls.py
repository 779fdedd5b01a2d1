"""What a capability tells of its calls, held against the specification of CloudWatch's embedded metric format.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
"""

import json
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from aws_lambda_powertools.event_handler.api_gateway import Router

from meterhouse.billing.batch import Outcome
from meterhouse.kernel.errors import Conflict, InvalidInput, InvariantBroken, TooMany, Unavailable
from meterhouse.metering.ingest import IngestEvents
from meterhouse.metering.ingest_api import ingest_handler
from meterhouse.platform import clock
from meterhouse.platform.calls import CAPABILITY, MOST_VALUES, UNITS, Batch, Calls
from meterhouse.platform.http import http_handler
from meterhouse.platform.sqs import beside_http, each_event
from meterhouse.platform.task import task
from tests.unit.platform.requests import CONTEXT, request

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
FUNCTIONS = Path(__file__).parents[3] / "functions"
EDGES = ("http_handler(", "ingest_handler(", "@task", "task(", "@operation", "@told", "told(_")
AWS_UNITS = {"Milliseconds", "Count"}
MARK = "payload-7f3a"


@pytest.fixture(autouse=True)
def _deployed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(CAPABILITY, "usage")
    monkeypatch.setenv("POWERTOOLS_METRICS_NAMESPACE", "MeterhouseDev")


def embedded(line: dict[str, Any]) -> dict[str, Any]:
    """The values of a line that CloudWatch takes, whose form is checked."""
    assert set(line["_aws"]) == {"Timestamp", "CloudWatchMetrics"}
    assert isinstance(line["_aws"]["Timestamp"], int)
    [directive] = line["_aws"]["CloudWatchMetrics"]
    assert set(directive) == {"Namespace", "Dimensions", "Metrics"}
    assert directive["Namespace"] == "MeterhouseDev"
    assert directive["Dimensions"] == [["capability"]]
    assert line["capability"] == "usage"
    values = {}
    for metric in directive["Metrics"]:
        assert set(metric) == {"Name", "Unit"}
        assert metric["Unit"] == UNITS[metric["Name"]]
        assert metric["Unit"] in AWS_UNITS
        values[metric["Name"]] = line[metric["Name"]]
        assert 1 <= len(values[metric["Name"]]) <= 100
        assert all(type(value) in {int, float} for value in values[metric["Name"]])
    return values


def test_a_call_is_told_by_the_specification_of_the_format() -> None:
    told = Calls().ended(NOON, NOON + SECOND / 8, 204, Batch(7, 2))

    assert embedded(told) == {"Duration": [125.0], "Items": [7], "ItemsFailed": [2]}
    assert told["_aws"]["Timestamp"] == 1772366400125  # type: ignore[index]
    assert set(told) == {"_aws", "capability", "Duration", "Items", "ItemsFailed"}


@pytest.mark.parametrize(
    ("status", "kind"),
    [(200, None), (302, None), (400, "ClientErrors"), (428, "ClientErrors"), (429, "Throttled"), (503, "ServerErrors")],
)
def test_errors_are_told_by_who_can_do_something_about_them(status: int, kind: str | None) -> None:
    told = embedded(Calls().ended(NOON, NOON, status))

    assert told == {"Duration": [0.0]} | ({} if kind is None else {kind: [1]})


def test_calls_of_one_second_are_told_together_and_none_twice() -> None:
    calls = Calls(SECOND)
    ended = [calls.ended(NOON, NOON + SECOND * at, batch=Batch(n)) for n, at in enumerate((0, 0.5, 0.9, 1, 1.5))]

    assert [bool(told) for told in ended] == [True, False, False, True, False]
    assert [embedded(told)["Items"] for told in ended if told] == [[0], [1, 2, 3]]


def test_a_line_holds_no_more_values_than_the_format_lets_it() -> None:
    calls = Calls(timedelta(hours=1))
    ended = [calls.ended(NOON, NOON) for _ in range(1 + 2 * MOST_VALUES)]

    assert [len(embedded(told)["Duration"]) for told in ended if told] == [1, 100, 100]


def test_a_clock_that_was_set_back_makes_no_call_shorter_than_nothing() -> None:
    assert embedded(Calls().ended(NOON, NOON - SECOND))["Duration"] == [0.0]


def test_what_is_not_deployed_tells_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(CAPABILITY)

    assert Calls().ended(NOON, NOON) == {}


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    """Those that tell of calls; `InternalErrors` has a line of its own."""
    written = [json.loads(text) for text in capsys.readouterr().out.splitlines()]
    return [line for line in written if "capability" in line]


def fails(error: Exception) -> Callable[[], dict[str, Any]]:
    def run() -> dict[str, Any]:
        raise error

    return run


def served(run: Callable[[], dict[str, Any]]) -> Callable[..., Any]:
    router = Router()
    router.get("/api/v1/meters")(run)
    return partial(http_handler(router), request("GET", "/api/v1/meters"), CONTEXT)


def broken(error: Exception) -> Callable[[dict[str, Any]], dict[str, Any]]:
    return lambda _: fails(error)()


def worked(run: Callable[[dict[str, Any]], dict[str, Any]], event: dict[str, Any]) -> Callable[..., Any]:
    return partial(task(run), event, CONTEXT)


def taken(append: Callable[..., object], body: object) -> Callable[..., Any]:
    class Log:
        def append(self, *given: object) -> None:
            append(*given)

    return partial(ingest_handler(IngestEvents(Log(), clock.now)), request("POST", "/api/v1/events", body=body), None)


EVENT = {"specversion": "1.0", "id": "1", "source": "s", "type": "call", "subject": "x", "data": {"note": MARK}}
MESSAGES = {
    "Records": [
        {"messageId": "a", "body": json.dumps({"detail": {"namespace": "n", "data": {"note": MARK}}})},
        {"messageId": "b", "body": MARK},
    ]
}
TOPIC = {"records": {"events-0": [{"value": MARK}, {"value": MARK}], "events-1": [{"value": MARK}]}}


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (lambda: served(lambda: {"data": MARK}), {}),
        (lambda: served(fails(Conflict(MARK, "taken"))), {"ClientErrors": [1]}),
        (lambda: served(fails(TooMany(MARK, 1))), {"Throttled": [1]}),
        (lambda: served(fails(ValueError(MARK))), {"ServerErrors": [1]}),
        (lambda: worked(lambda _: {"hours": 3}, {"note": MARK}), {}),
        (lambda: worked(broken(InvalidInput(MARK)), {}), {"ClientErrors": [1]}),
        (lambda: worked(broken(Unavailable("away")), {}), {"ServerErrors": [1]}),
        (lambda: worked(broken(ValueError(MARK)), {}), {"ServerErrors": [1]}),
        (lambda: worked(lambda _: Outcome(4, {MARK: MARK}).document(), {}), {"Items": [5], "ItemsFailed": [1]}),
        (lambda: worked(lambda _: {"succeeded": 4, "failed": 2}, {}), {"Items": [6], "ItemsFailed": [2]}),
        (lambda: worked(lambda _: {"batchItemFailures": []}, TOPIC), {"Items": [3]}),
        (lambda: worked(each_event(lambda *_: None), MESSAGES), {"Items": [2], "ItemsFailed": [1]}),
        (lambda: taken(lambda *_: None, [EVENT, EVENT | {"id": "2"}]), {"Items": [2]}),
        (lambda: taken(lambda *_: None, {"note": MARK}), {"ClientErrors": [1]}),
        (lambda: taken(lambda *_: fails(Unavailable("away"))(), EVENT), {"ServerErrors": [1]}),
    ],
)
def test_each_edge_tells_each_call_once_and_nothing_of_what_was_sent(
    capsys: pytest.CaptureFixture[str], call: Callable[[], Callable[[], Any]], told: dict[str, Any]
) -> None:
    ready = call()
    capsys.readouterr()
    with suppress(InvalidInput, InvariantBroken, Unavailable):
        ready()
    [line] = lines(capsys)

    assert MARK not in json.dumps(line)
    values = embedded(line)
    [took] = values.pop("Duration")
    assert 0 <= took < 60_000
    assert values == told


def test_ingest_tells_in_the_one_line_it_writes(capsys: pytest.CaptureFixture[str]) -> None:
    taken(lambda *_: None, EVENT)()
    [line] = capsys.readouterr().out.splitlines()

    assert json.loads(line)["message"] == "ingest"
    assert embedded(json.loads(line))["Items"] == [1]


def test_a_function_for_callers_and_a_queue_tells_each_call_once(capsys: pytest.CaptureFixture[str]) -> None:
    handle = beside_http(http_handler(Router()), each_event(lambda *_: None))
    handle({"Records": []}, CONTEXT)
    handle(request("GET", "/api/v1/meters"), CONTEXT)

    assert [sorted(embedded(line)) for line in lines(capsys)] == [["Duration", "Items"], ["ClientErrors", "Duration"]]


def deployed(name: str) -> ModuleType:
    """The function as an environment of Lambda loads it, with the variables that are set now."""
    spec = spec_from_file_location(f"deployed_{name}", FUNCTIONS / name / "handler.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_whoever_is_not_let_in_is_an_error_of_the_callers(capsys: pytest.CaptureFixture[str]) -> None:
    authorizer = deployed("authorize_request")
    silent = {"isAuthorized": True, "context": {"unknowable": "the issuer is silent"}}
    assert authorizer.handler({"headers": {}}, CONTEXT) == {"isAuthorized": False, "context": {}}
    [line] = lines(capsys)
    assert set(embedded(line)) == {"Duration", "ClientErrors"}
    assert [authorizer._status(answer) for answer in ({"context": {"namespace": "acme"}}, silent)] == [200, 503]


def test_the_document_and_the_migrations_are_told_of_too(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert deployed("describe_api").handler({}, CONTEXT)["statusCode"] == 200
    [line] = lines(capsys)
    assert set(embedded(line)) == {"Duration"}
    monkeypatch.setattr("meterhouse.platform.custom_resource._put", lambda *_: None)
    named = {"StackId": "s", "RequestId": "r", "LogicalResourceId": "l", "ResponseURL": "https://told.example"}
    migrate = deployed("migrate_databases")
    assert migrate.handler({"RequestType": "Update", **named}, CONTEXT) == {}, "it fails: nothing is deployed"
    [line] = lines(capsys)
    assert set(embedded(line)) == {"Duration", "ServerErrors"}
    migrate.handler({"RequestType": "Delete", **named}, CONTEXT)
    assert lines(capsys) == []


def test_every_function_tells_of_its_calls() -> None:
    handlers = {path.parent.name: path.read_text(encoding="utf-8") for path in FUNCTIONS.glob("*/handler.py")}
    assert len(handlers) > 50
    assert [name for name, text in handlers.items() if not any(edge in text for edge in EDGES)] == []
