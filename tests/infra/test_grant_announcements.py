"""The announcements of grants, interpreted: which answer of a step leads where, and by what clock it runs."""

import json
import re
from typing import Any

import pytest

from infra.definition import definition_of
from infra.workflow_tasks import GRANT_TASKS
from tests.infra.templates import Synthesis
from tests.infra.workflows import Answer, StepFailedError, Steps, execute

BATCHES = [
    {"namespace": "default", "after": "A", "until": "B", "afterGrantId": "", "upToGrantId": "01C"},
    {"namespace": "default", "after": "A", "until": "B", "afterGrantId": "01C", "upToGrantId": "01F"},
    {"namespace": "other", "after": "A", "until": "B", "afterGrantId": "", "upToGrantId": "01A"},
]


class RunSteps(Steps):
    """Stand-ins for the functions of the run, which all do what is asked unless a test says otherwise."""

    def __init__(self, **answers: Answer) -> None:
        def announce(asked: dict[str, Any]) -> dict[str, Any]:
            if "outcomes" in asked:
                return {"complete": all(outcome["complete"] for outcome in asked["outcomes"])}
            return {"told": 7}

        usual: dict[str, Answer] = {"list_grant_batches": lambda _: {"batches": BATCHES}, "announce_grants": announce}
        super().__init__(**usual | answers)
        self.announce = announce

    def outcomes(self) -> list[tuple[str, bool]]:
        [asked] = [asked["outcomes"] for _, asked in self.asked if "outcomes" in asked]
        return sorted((outcome["batch"]["upToGrantId"], outcome["complete"]) for outcome in asked)


def run(client: Any, monkeypatch: pytest.MonkeyPatch, steps: Steps) -> dict[str, Any]:
    return execute(client, monkeypatch, "grant_announcements", steps, {})


def test_every_placeholder_is_a_function_of_the_announcements() -> None:
    used = re.findall(r"\$\{(\w+)}", definition_of("grant_announcements").read_text())

    assert set(used) == {spec.name for spec in GRANT_TASKS}


def test_it_runs_every_quarter_of_an_hour(target: Synthesis) -> None:
    schedules = target.all("AWS::Scheduler::Schedule").values()
    [found] = [s["Properties"] for s in schedules if s["Properties"]["Name"] == "meterhouse-grant_announcements"]

    assert found["ScheduleExpression"] == "cron(3/15 * * * ? *)"
    assert (found["State"], found["Target"]["Input"]) == ("ENABLED", "{}")


def test_each_batch_is_told_and_then_all_are_noted(client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    steps = RunSteps()

    ended = run(client, monkeypatch, steps)

    assert ended["status"] == "SUCCEEDED"
    assert sorted(asked["batch"]["upToGrantId"] for _, asked in steps.asked if "batch" in asked) == [
        "01A",
        "01C",
        "01F",
    ]
    assert steps.outcomes() == [("01A", True), ("01C", True), ("01F", True)]


def test_with_nothing_to_tell_it_succeeds(client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    ended = run(client, monkeypatch, RunSteps(list_grant_batches=lambda _: {"batches": []}))

    assert ended["status"] == "SUCCEEDED"


def test_a_batch_that_breaks_is_noted_by_its_edges_while_the_others_are_told(
    client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken_for_one(asked: dict[str, Any]) -> dict[str, Any]:
        if asked.get("batch", {}).get("upToGrantId") == "01F":
            raise StepFailedError("Unavailable")
        return usual.announce(asked)

    usual = RunSteps()
    steps = RunSteps(announce_grants=broken_for_one)

    ended = run(client, monkeypatch, steps)

    assert (ended["status"], ended["error"]) == ("FAILED", "AnnouncementsIncomplete")
    assert steps.outcomes() == [("01A", True), ("01C", True), ("01F", False)]


@pytest.mark.parametrize("step", ["list_grant_batches", "announce_grants"])
def test_a_step_that_cannot_be_done_fails_the_run(client: Any, monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    def breaks(_: dict[str, Any]) -> dict[str, Any]:
        raise StepFailedError("Unavailable")

    assert run(client, monkeypatch, RunSteps(**{step: breaks}))["status"] == "FAILED"


def test_every_task_is_tried_again() -> None:
    states = json.loads(definition_of("grant_announcements").read_text())["States"]
    inner = states["AnnounceBatches"]["ItemProcessor"]["States"]

    tasks = [state for state in (*states.values(), *inner.values()) if state["Type"] == "Task"]
    assert len(tasks) == 3
    assert all(task["Retry"][0]["MaxAttempts"] >= 3 for task in tasks)
