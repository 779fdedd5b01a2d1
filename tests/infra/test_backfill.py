"""The backfill of a meter: what starts it, and which answer of its step leads where."""

import json
import re
from typing import Any

import pytest

from infra.definition import definition_of
from infra.workflow_tasks import BACKFILL_TASKS
from tests.infra.templates import Synthesis, listed
from tests.infra.workflows import StepFailedError, Steps, execute

RUN = {"namespace": "default", "meterId": "01A", "revision": 3}


def test_domain_events_of_meters_start_it_with_ids_alone(target: Synthesis) -> None:
    from infra.backfill import STARTING  # noqa: PLC0415 - loads the CDK

    rule = target.named("AWS::Events::Rule", Name="meterhouse-backfill_meter")["Properties"]
    (started,) = rule["Targets"]

    assert rule["EventPattern"] == {"source": ["meterhouse"], "detail-type": list(STARTING)}
    paths = started["InputTransformer"]["InputPathsMap"]
    template = re.sub(
        r'"?<([\w-]+)>"?', lambda found: f'"{paths[found[1]]}"', started["InputTransformer"]["InputTemplate"]
    )
    assert json.loads(template) == {
        "namespace": "$.detail.namespace",
        "meterId": "$.detail.data.id",
        "revision": "$.detail.data.revision",
    }


def test_the_rule_may_start_that_workflow_and_nothing_else(target: Synthesis) -> None:
    (started,) = target.named("AWS::Events::Rule", Name="meterhouse-backfill_meter")["Properties"]["Targets"]
    role = started["RoleArn"]["Fn::GetAtt"][0]

    (statement,) = target.statements(role)
    assert (statement["Action"], listed(statement["Resource"])) == ("states:StartExecution", [started["Arn"]])


def test_every_placeholder_is_a_function_of_the_backfill() -> None:
    used = re.findall(r"\$\{(\w+)}", definition_of("backfill_meter").read_text())

    assert set(used) == {spec.name for spec in BACKFILL_TASKS}


def test_the_step_is_repeated_with_the_same_ids_until_it_is_complete(
    client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = iter([False, False, True])
    steps = Steps(backfill_meter=lambda _: {"complete": next(answers)})

    ended = execute(client, monkeypatch, "backfill_meter", steps, RUN)

    assert ended["status"] == "SUCCEEDED"
    assert [asked for _, asked in steps.asked] == [RUN] * 3


def test_a_step_that_breaks_is_recorded_by_the_name_of_its_error(client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def breaks(asked: dict[str, Any]) -> dict[str, Any]:
        if "problem" not in asked:
            raise StepFailedError("Unavailable")
        return {"complete": False}

    steps = Steps(backfill_meter=breaks)

    ended = execute(client, monkeypatch, "backfill_meter", steps, RUN)

    assert (ended["status"], ended["error"]) == ("FAILED", "BackfillFailed")
    assert [asked for _, asked in steps.asked] == [RUN, RUN | {"problem": "Unavailable"}]


def test_a_failure_that_cannot_be_recorded_ends_the_run_alike(client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def breaks(_: dict[str, Any]) -> dict[str, Any]:
        raise StepFailedError("Unavailable")

    ended = execute(client, monkeypatch, "backfill_meter", Steps(backfill_meter=breaks), RUN)

    assert (ended["status"], ended["error"]) == ("FAILED", "BackfillFailed")


def test_a_store_that_is_away_is_awaited_longer_than_any_other_fault() -> None:
    step = json.loads(definition_of("backfill_meter").read_text())["States"]["BackfillMeter"]
    away, other = step["Retry"]

    assert "Unavailable" in away["ErrorEquals"]
    assert away["MaxAttempts"] > other["MaxAttempts"]


def test_what_was_lost_is_looked_for_by_the_clock(target: Synthesis) -> None:
    rates = {
        schedule["Properties"]["Name"]: schedule["Properties"]["ScheduleExpression"]
        for schedule in target.all("AWS::Scheduler::Schedule").values()
    }

    assert rates["meterhouse-resume_backfills"] == "rate(5 minutes)"
