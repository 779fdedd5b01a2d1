"""The invoice run, interpreted: which answer of a step leads where."""

import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws
from moto.stepfunctions.parser.asl.component.state.exec.state_task import lambda_eval_utils

from infra.functions import INVOICE_RUN_TASKS
from infra.invoice_run import DEFINITION
from tests.infra.templates import Synthesis

AS_OF = "2013-02-01T00:00:00Z"
BATCHES = [
    {"namespace": "default", "afterCustomerId": None, "upToCustomerId": "01C"},
    {"namespace": "default", "afterCustomerId": "01C", "upToCustomerId": "01F"},
    {"namespace": "other", "afterCustomerId": None, "upToCustomerId": "01A"},
]
DONE = {"succeeded": 500, "failed": []}

Answer = Callable[[dict[str, Any]], Any]


class StepFailedError(Exception):
    """A step of the test's own ends with an unexpected error."""


class Steps:
    """Stand-ins for the functions of the run: answers by function, and a record of what was asked."""

    def __init__(self, **answers: Answer) -> None:
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self._answers: dict[str, Answer] = {
            "await_watermark": lambda asked: {"caughtUp": True, "targets": asked["targets"] or {"0": 7}},
            "list_customer_batches": lambda _: {"batches": BATCHES},
            "sync_subscriptions": lambda _: DONE,
            "collect_invoices": lambda _: DONE,
            "advance_invoices": lambda _: DONE,
            **answers,
        }

    def invoke(self, parameters: dict[str, Any], **_: object) -> dict[str, Any]:
        name, payload = parameters["FunctionName"], parameters["Payload"]
        asked = json.loads(payload) if isinstance(payload, str | bytes) else payload
        self.asked.append((name, asked))
        try:
            return {"StatusCode": 200, "Payload": self._answers[name](asked)}
        except StepFailedError as error:
            return {"StatusCode": 200, "FunctionError": "Unhandled", "Payload": {"errorType": str(error)}}

    def batches_of(self, name: str) -> list[str]:
        return sorted(asked["batch"]["upToCustomerId"] for step, asked in self.asked if step == name)


def without_waiting(state: Any) -> Any:
    """The same definition with no second to wait and no retry, so that a test takes no time."""
    if isinstance(state, list):
        return [without_waiting(part) for part in state]
    if isinstance(state, dict):
        kept = {key: without_waiting(part) for key, part in state.items() if key != "Retry"}
        return {**kept, "Seconds": 0} if kept.get("Type") == "Wait" else kept
    return state


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws(config={"stepfunctions": {"execute_state_machine": True}}):
        yield boto3.client("stepfunctions", region_name="us-east-1")


def run(client: Any, monkeypatch: pytest.MonkeyPatch, steps: Steps) -> dict[str, Any]:
    monkeypatch.setattr(lambda_eval_utils, "_invoke_lambda_function", steps.invoke)
    definition = DEFINITION.read_text()
    for spec in INVOICE_RUN_TASKS:
        definition = definition.replace(f"${{{spec.name}}}", spec.name)
    machine = client.create_state_machine(
        name="invoice_run",
        definition=json.dumps(without_waiting(json.loads(definition))),
        roleArn="arn:aws:iam::123456789012:role/invoice_run",
    )
    started = client.start_execution(stateMachineArn=machine["stateMachineArn"], input=json.dumps({"asOf": AS_OF}))
    while True:
        ended: dict[str, Any] = client.describe_execution(executionArn=started["executionArn"])
        if ended["status"] != "RUNNING":
            return ended
        time.sleep(0.02)


def test_every_placeholder_is_a_function_and_every_task_is_used(aws: Synthesis) -> None:
    substitutions = aws.one("AWS::StepFunctions::StateMachine")["Properties"]["DefinitionSubstitutions"]

    assert set(substitutions) == {spec.name for spec in INVOICE_RUN_TASKS}


def test_state_machine_logs_everything_and_is_traced(target: Synthesis) -> None:
    machine = target.one("AWS::StepFunctions::StateMachine")["Properties"]

    assert machine["LoggingConfiguration"]["Level"] == "ALL"
    assert machine["TracingConfiguration"] == {"Enabled": True}


def test_scheduler_bills_up_to_the_scheduled_instant(target: Synthesis) -> None:
    inputs = [s["Properties"]["Target"]["Input"] for s in target.all("AWS::Scheduler::Schedule").values()]

    assert '{"asOf": "<aws.scheduler.scheduled-time>"}' in inputs


def test_a_run_without_failures_bills_every_batch_and_succeeds(client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    steps = Steps()

    ended = run(client, monkeypatch, steps)

    assert ended["status"] == "SUCCEEDED"
    for name in ("sync_subscriptions", "collect_invoices", "advance_invoices"):
        assert steps.batches_of(name) == ["01A", "01C", "01F"]
    totals = json.loads(ended["output"])
    assert totals["batches"] == 3
    assert totals["asOf"] == AS_OF
    assert sorted(batch["advanced"] for batch in totals["billed"]) == [500, 500, 500]


def test_every_step_is_asked_for_the_same_instant(client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    steps = Steps()

    run(client, monkeypatch, steps)

    assert {asked["asOf"] for name, asked in steps.asked if name != "await_watermark"} == {AS_OF}


def test_a_run_without_customers_succeeds(client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    ended = run(client, monkeypatch, Steps(list_customer_batches=lambda _: {"batches": []}))

    assert ended["status"] == "SUCCEEDED"
    assert json.loads(ended["output"])["batches"] == 0


def test_the_watermark_is_awaited_for_the_targets_of_the_first_answer(
    client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = iter([False, False, True])
    steps = Steps(await_watermark=lambda asked: {"caughtUp": next(answers), "targets": asked["targets"] or {"0": 9}})

    ended = run(client, monkeypatch, steps)

    assert ended["status"] == "SUCCEEDED"
    waits = [asked["targets"] for name, asked in steps.asked if name == "await_watermark"]
    assert waits == [None, {"0": 9}, {"0": 9}]


def test_a_watermark_never_reached_fails_the_run_and_bills_nobody(client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    steps = Steps(await_watermark=lambda _: {"caughtUp": False, "targets": {"0": 9}})

    ended = run(client, monkeypatch, steps)

    assert (ended["status"], ended["error"]) == ("FAILED", "WatermarkNotReached")
    assert {name for name, _ in steps.asked} == {"await_watermark"}
    assert len(steps.asked) == 90


def test_a_batch_that_breaks_leaves_the_run_incomplete_while_the_others_are_billed(
    client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken_for_one(asked: dict[str, Any]) -> dict[str, Any]:
        if asked["batch"]["upToCustomerId"] == "01C":
            raise StepFailedError("OutOfMemory")
        return DONE

    steps = Steps(collect_invoices=broken_for_one)

    ended = run(client, monkeypatch, steps)

    assert (ended["status"], ended["error"]) == ("FAILED", "InvoiceRunIncomplete")
    assert steps.batches_of("collect_invoices") == ["01A", "01C", "01F"]
    assert steps.batches_of("advance_invoices") == ["01A", "01F"]


@pytest.mark.parametrize("step", ["sync_subscriptions", "collect_invoices", "advance_invoices"])
def test_one_customer_that_fails_leaves_the_run_incomplete(
    client: Any, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    refused = {"succeeded": 499, "failed": [{"customerId": "01B", "reason": "no billing profile"}]}
    steps = Steps(**{step: lambda asked: refused if asked["batch"]["namespace"] == "other" else DONE})

    ended = run(client, monkeypatch, steps)

    assert (ended["status"], ended["error"]) == ("FAILED", "InvoiceRunIncomplete")
    assert steps.batches_of("advance_invoices") == ["01A", "01C", "01F"]
