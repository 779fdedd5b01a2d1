"""Workflows, interpreted: a definition with stand-ins for its functions, run to its end."""

import json
import re
import time
from collections.abc import Callable
from typing import Any

import pytest

from infra.definition import definition_of

CALLS_OF_FUNCTIONS = (
    "moto.stepfunctions.parser.asl.component.state.exec.state_task.lambda_eval_utils._invoke_lambda_function"
)
ARGUMENTS_OF_STARTS = (
    "moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service_sfn"
    ".StateTaskServiceSfn._normalise_parameters"
)
Answer = Callable[[dict[str, Any]], Any]


class StepFailedError(Exception):
    """A step of the test's own ends with an unexpected error, of the name given."""


class Steps:
    """Stand-ins for the functions of a workflow: answers by function, and a record of what was asked."""

    def __init__(self, **answers: Answer) -> None:
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self._answers = answers

    def invoke(self, parameters: dict[str, Any], **_: object) -> dict[str, Any]:
        name, payload = parameters["FunctionName"], parameters["Payload"]
        asked = json.loads(payload) if isinstance(payload, str | bytes) else payload
        self.asked.append((name, asked))
        try:
            return {"StatusCode": 200, "Payload": self._answers[name](asked)}
        except StepFailedError as error:
            return {"StatusCode": 200, "FunctionError": "Unhandled", "Payload": {"errorType": str(error)}}


def as_boto_names_them(_service: object, parameters: dict[str, Any]) -> None:
    """What a workflow says to start another: the interpreter hands it on by the names that Step Functions has."""
    given = dict(parameters)
    parameters.clear()
    for name, value in given.items():
        parameters[name[0].lower() + name[1:]] = value if isinstance(value, str) else json.dumps(value)


def without_waiting(state: Any) -> Any:
    """The same definition with no second to wait and no retry, so that a test takes no time."""
    if isinstance(state, list):
        return [without_waiting(part) for part in state]
    if isinstance(state, dict):
        kept = {key: without_waiting(part) for key, part in state.items() if key not in {"Retry", "TimestampPath"}}
        return {**kept, "Seconds": 0} if kept.get("Type") == "Wait" else kept
    return state


def execute(
    client: Any, monkeypatch: pytest.MonkeyPatch, workflow: str, steps: Steps, given: dict[str, Any]
) -> dict[str, Any]:
    """How an execution of the workflow of this name ended."""
    monkeypatch.setattr(CALLS_OF_FUNCTIONS, steps.invoke)
    monkeypatch.setattr(ARGUMENTS_OF_STARTS, as_boto_names_them)
    definition = re.sub(r"\$\{(\w+)}", r"\1", definition_of(workflow).read_text())
    machine = client.create_state_machine(
        name=workflow,
        definition=json.dumps(without_waiting(json.loads(definition))),
        roleArn="arn:aws:iam::123456789012:role/workflow",
    )
    started = client.start_execution(stateMachineArn=machine["stateMachineArn"], input=json.dumps(given))
    return end_of(client, started["executionArn"])


def end_of(client: Any, execution_arn: str) -> dict[str, Any]:
    """How the execution ended, once it has."""
    while True:
        found: dict[str, Any] = client.describe_execution(executionArn=execution_arn)
        if found["status"] != "RUNNING":
            return found
        time.sleep(0.02)
