"""The backtest's workflow, interpreted: which answer of a step leads where."""

import json
import re
from typing import Any

import pytest

from infra.definition import definition_of
from infra.workflow_tasks import BACKTEST_TASKS
from tests.infra.workflows import Answer, StepFailedError, Steps, execute

RUN = {"namespace": "default", "planId": "01P", "backtestId": "01B"}
BATCHES = [
    {"afterCustomerId": "", "upToCustomerId": "01C"},
    {"afterCustomerId": "01C", "upToCustomerId": "01F"},
]


class RunSteps(Steps):
    """Stand-ins for the functions of the run, which all do what is asked unless a test says otherwise."""

    def __init__(self, **answers: Answer) -> None:
        usual: dict[str, Answer] = {
            "list_backtest_batches": lambda _: {"batches": BATCHES},
            "rate_backtest": lambda _: {"succeeded": 2, "failed": 0},
            "finish_backtest": lambda _: {"complete": True},
        }
        super().__init__(**usual | answers)

    def asked_of(self, name: str) -> list[dict[str, Any]]:
        return sorted((asked for one, asked in self.asked if one == name), key=json.dumps)


def run(client: Any, monkeypatch: pytest.MonkeyPatch, steps: Steps) -> dict[str, Any]:
    return execute(client, monkeypatch, "backtest", steps, RUN)


def test_every_placeholder_is_a_function_of_the_backtest() -> None:
    used = re.findall(r"\$\{(\w+)}", definition_of("backtest").read_text())

    assert set(used) == {spec.name for spec in BACKTEST_TASKS}


def test_each_batch_is_rated_once_by_ids_alone_and_then_all_are_summed_up(
    client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps = RunSteps()

    ended = run(client, monkeypatch, steps)

    assert ended["status"] == "SUCCEEDED"
    assert steps.asked_of("rate_backtest") == [RUN | {"batch": batch} for batch in BATCHES]
    assert steps.asked[0] == ("list_backtest_batches", RUN)
    assert steps.asked[-1] == ("finish_backtest", RUN)


def test_a_batch_that_breaks_keeps_no_other_from_being_rated_and_is_left_to_the_last_step(
    client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken_for_one(asked: dict[str, Any]) -> dict[str, Any]:
        if asked["batch"]["upToCustomerId"] == "01C":
            raise StepFailedError("OutOfMemory")
        return {"succeeded": 2, "failed": 0}

    steps = RunSteps(rate_backtest=broken_for_one, finish_backtest=lambda _: {"complete": False})

    ended = run(client, monkeypatch, steps)

    assert ended["status"] == "SUCCEEDED"
    assert len(steps.asked_of("rate_backtest")) == 2
    assert steps.asked_of("finish_backtest") == [RUN]


@pytest.mark.parametrize("step", ["list_backtest_batches", "finish_backtest"])
def test_a_first_or_last_step_that_cannot_be_done_fails_the_run(
    client: Any, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    def breaks(_: dict[str, Any]) -> dict[str, Any]:
        raise StepFailedError("Unavailable")

    assert run(client, monkeypatch, RunSteps(**{step: breaks}))["status"] == "FAILED"


def test_every_task_is_tried_again() -> None:
    states = json.loads(definition_of("backtest").read_text())["States"]
    inner = states["RateBatches"]["ItemProcessor"]["States"]

    tasks = [state for state in (*states.values(), *inner.values()) if state["Type"] == "Task"]
    assert len(tasks) == 3
    assert all(task["Retry"][0]["MaxAttempts"] >= 3 for task in tasks)
