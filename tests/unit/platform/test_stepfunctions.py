"""Starting workflows: once a name, and told apart from what is refused for another reason."""

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any

import pytest

from meterhouse.kernel.errors import InvariantBroken, Unavailable
from meterhouse.platform.stepfunctions import StepFunctions

ARN = "arn:aws:states:eu-central-1:1:stateMachine:meterhouse-backtest"


class Service(HTTPServer):
    """Answers as Step Functions does: a name that was used with another input exists already."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answering)
        self.started: dict[str, dict[str, Any]] = {}
        self.answer = b""
        self.kinds: list[str | None] = []


class Answering(BaseHTTPRequestHandler):
    server: Service

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
        self.server.kinds.append(self.headers["content-type"])
        known = self.server.started.setdefault(asked["name"], asked)
        answer = self.server.answer
        if known != asked:
            answer = b'{"__type": "com.amazonaws.swf.service.v2.model#ExecutionAlreadyExists", "message": "exists"}'
        self.send_response(400 if answer else 200)
        self.end_headers()
        self.wfile.write(answer or b'{"executionArn": "arn", "startDate": 1}')

    def log_message(self, *_: object) -> None:
        """No line a request on stderr."""


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    with Service() as made:
        thread = Thread(target=made.serve_forever, daemon=True)
        thread.start()
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{made.server_port}")
        monkeypatch.setenv("AWS_REGION", "eu-central-1")
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "id")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
        monkeypatch.setenv("WORKFLOW_ARN", ARN)
        yield made
        made.shutdown()
        thread.join()


def test_the_execution_has_the_name_and_the_input_that_were_given(service: Service) -> None:
    StepFunctions("WORKFLOW_ARN").start("01B", {"backtestId": "01B"})

    asked = service.started["01B"]
    assert (asked["stateMachineArn"], json.loads(asked["input"])) == (ARN, {"backtestId": "01B"})
    assert service.kinds == ["application/x-amz-json-1.0"]


def test_a_name_that_was_started_before_is_not_started_again(service: Service) -> None:
    workflow = StepFunctions("WORKFLOW_ARN")
    workflow.start("01B", {"backtestId": "01B"})
    workflow.start("01B", {"backtestId": "another"})

    assert json.loads(service.started["01B"]["input"]) == {"backtestId": "01B"}


@pytest.mark.parametrize("answer", [b'{"__type": "StateMachineDoesNotExist"}', b"no JSON", b"[]", b"{}"])
def test_any_other_refusal_may_be_tried_again(service: Service, answer: bytes) -> None:
    service.answer = answer
    with pytest.raises(Unavailable):
        StepFunctions("WORKFLOW_ARN").start("01B", {})


def test_a_service_that_is_away_may_be_tried_again(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    assert service
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    with pytest.raises(Unavailable):
        StepFunctions("WORKFLOW_ARN").start("01B", {})


def test_a_missing_arn_is_the_deployment_s_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WORKFLOW_ARN", raising=False)
    with pytest.raises(InvariantBroken, match="WORKFLOW_ARN"):
        StepFunctions("WORKFLOW_ARN").start("01B", {})
