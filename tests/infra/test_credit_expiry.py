"""The expiry of credit, interpreted: which answer of a step leads where, and by what clock it runs."""

import json
import re
from typing import Any

import pytest

from infra.definition import definition_of
from infra.workflow_tasks import CREDIT_TASKS
from tests.infra.templates import Synthesis
from tests.infra.workflows import Answer, StepFailedError, Steps, execute

BATCHES = [
    {"namespace": "default", "until": "A", "afterCustomerId": "", "upToCustomerId": "01C"},
    {"namespace": "default", "until": "A", "afterCustomerId": "01C", "upToCustomerId": "01F"},
    {"namespace": "other", "until": "A", "afterCustomerId": "", "upToCustomerId": "01A"},
]


def run(client: Any, monkeypatch: pytest.MonkeyPatch, **answers: Answer) -> tuple[dict[str, Any], Steps]:
    usual: dict[str, Answer] = {
        "list_expired_credits": lambda _: {"batches": BATCHES},
        "expire_credits": lambda _: {"expired": 7},
    }
    steps = Steps(**usual | answers)
    return execute(client, monkeypatch, "credit_expiry", steps, {}), steps


def breaks(_: dict[str, Any]) -> dict[str, Any]:
    raise StepFailedError("Unavailable")


def test_every_placeholder_is_a_function_of_the_expiry() -> None:
    used = re.findall(r"\$\{(\w+)}", definition_of("credit_expiry").read_text())

    assert set(used) == {spec.name for spec in CREDIT_TASKS}


def test_it_runs_every_quarter_of_an_hour(target: Synthesis) -> None:
    schedules = target.all("AWS::Scheduler::Schedule").values()
    [found] = [s["Properties"] for s in schedules if s["Properties"]["Name"] == "meterhouse-credit_expiry"]

    assert found["ScheduleExpression"] == "cron(8/15 * * * ? *)"
    assert (found["State"], found["Target"]["Input"]) == ("ENABLED", "{}")


def test_each_batch_is_booked(client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    ended, steps = run(client, monkeypatch)

    assert ended["status"] == "SUCCEEDED"
    assert sorted(asked["batch"]["upToCustomerId"] for _, asked in steps.asked if "batch" in asked) == [
        "01A",
        "01C",
        "01F",
    ]


def test_with_nothing_over_it_succeeds(client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run(client, monkeypatch, list_expired_credits=lambda _: {"batches": []})[0]["status"] == "SUCCEEDED"


def test_a_batch_that_breaks_fails_the_run_once_the_others_are_booked(
    client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken_for_one(asked: dict[str, Any]) -> dict[str, Any]:
        return breaks(asked) if asked["batch"]["upToCustomerId"] == "01F" else {"expired": 1}

    ended, steps = run(client, monkeypatch, expire_credits=broken_for_one)

    assert (ended["status"], ended["error"]) == ("FAILED", "ExpiryIncomplete")
    assert sum(name == "expire_credits" for name, _ in steps.asked) == len(BATCHES)


@pytest.mark.parametrize("step", ["list_expired_credits", "expire_credits"])
def test_a_step_that_cannot_be_done_fails_the_run(client: Any, monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    assert run(client, monkeypatch, **{step: breaks})[0]["status"] == "FAILED"


def test_every_task_is_tried_again() -> None:
    states = json.loads(definition_of("credit_expiry").read_text())["States"]
    inner = states["ExpireBatches"]["ItemProcessor"]["States"]

    tasks = [state for state in (*states.values(), *inner.values()) if state["Type"] == "Task"]
    assert len(tasks) == 2
    assert all(task["Retry"][0]["MaxAttempts"] >= 3 for task in tasks)
