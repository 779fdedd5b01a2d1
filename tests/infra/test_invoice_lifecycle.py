"""The workflow of one invoice, interpreted: which answer of its step leads where."""

import json
from typing import Any

import pytest

from infra.definition import definition_of
from infra.functions import FUNCTIONS
from infra.workflow_tasks import INVOICE_RUN_TASKS, LIFECYCLE_TASKS
from meterhouse.platform.lockdown import writes_billing
from tests.infra.templates import Synthesis
from tests.infra.test_invoice_run import machine_of
from tests.infra.workflows import Answer, StepFailedError, Steps, execute

GIVEN = {"namespace": "default", "invoiceId": "01A"}


def run(client: Any, monkeypatch: pytest.MonkeyPatch, answer: Answer) -> tuple[dict[str, Any], Steps]:
    steps = Steps(drive_invoice=answer)
    return execute(client, monkeypatch, "invoice_lifecycle", steps, GIVEN), steps


def test_an_invoice_is_driven_again_at_each_instant_it_waits_for(client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    instants = iter(["2013-02-01T00:00:00Z", "2013-03-01T00:00:00Z", None])
    ended, steps = run(client, monkeypatch, lambda _: {"state": "overdue", "waitsUntil": next(instants)})
    assert ended["status"] == "SUCCEEDED"
    assert steps.asked == [("drive_invoice", GIVEN)] * 3


def test_an_invoice_that_waits_for_nothing_ends_its_execution(client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    ended, steps = run(client, monkeypatch, lambda _: {"state": "paid", "waitsUntil": None})
    assert ended["status"] == "SUCCEEDED"
    assert len(steps.asked) == 1
    assert json.loads(ended["output"])["stand"]["state"] == "paid"


def test_an_invoice_that_cannot_be_driven_fails_its_execution(client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def breaks(_: dict[str, Any]) -> dict[str, Any]:
        raise StepFailedError("Unavailable")

    ended, _ = run(client, monkeypatch, breaks)
    assert (ended["status"], ended["error"]) == ("FAILED", "Unavailable")


def test_the_wait_is_for_the_instant_that_the_step_named() -> None:
    wait = json.loads(definition_of("invoice_lifecycle").read_text())["States"]["AwaitInstant"]
    assert wait == {"Type": "Wait", "TimestampPath": "$.stand.waitsUntil", "Next": "DriveInvoice"}


def test_an_app_that_does_not_answer_is_asked_again_and_an_unknown_invoice_is_not() -> None:
    never, again = json.loads(definition_of("invoice_lifecycle").read_text())["States"]["DriveInvoice"]["Retry"]
    assert (never["ErrorEquals"], never["MaxAttempts"]) == (["NotFound", "InvalidInput"], 0)
    waits = [min(again["IntervalSeconds"] * again["BackoffRate"] ** n, again["MaxDelaySeconds"]) for n in range(9)]
    assert again["MaxAttempts"] == len(waits)
    assert 1800 < sum(waits) < 3600


def test_every_placeholder_is_a_function_and_every_task_is_used(aws: Synthesis) -> None:
    substitutions = machine_of(aws, "invoice_lifecycle")["DefinitionSubstitutions"]
    assert set(substitutions) == {spec.name for spec in LIFECYCLE_TASKS}


def test_the_run_may_start_lifecycles_and_nothing_else(aws: Synthesis) -> None:
    for name in ("bill_customers", "advance_invoices"):
        variables = aws.functions()[name]["Environment"]["Variables"]
        assert "stateMachine:meterhouse-invoice_lifecycle" in str(variables["INVOICE_LIFECYCLE_WORKFLOW_ARN"])


def test_locked_namespaces_reach_everything_that_writes_billing(
    aws_with_every_option: Synthesis, aws: Synthesis
) -> None:
    told = {name for name, one in aws_with_every_option.functions().items() if "BILLING_LOCKED_NAMESPACES" in str(one)}
    serving = {one.name for one in FUNCTIONS if any(map(writes_billing, one.routes))}
    steps = {one.name for one in (*INVOICE_RUN_TASKS, *LIFECYCLE_TASKS)}
    looking = {"await_watermark", "sweep_writings", "list_customer_batches"}
    assert told == serving | (steps - looking) | {"list_expired_credits", "receive_stripe_event"}
    assert "BILLING_LOCKED" not in str(aws.functions())


def test_how_many_lines_an_invoice_may_have_reaches_what_makes_invoices_in_a_run(
    aws_with_every_option: Synthesis, aws: Synthesis
) -> None:
    told = {name for name, one in aws_with_every_option.functions().items() if "MAX_LINES_PER" in str(one)}
    assert told == {"bill_customers", "collect_invoices"}
    assert "MAX_LINES_PER" not in str(aws.functions())


def test_days_of_dunning_reach_both_that_decide(aws_with_every_option: Synthesis, aws: Synthesis) -> None:
    told = {name for name, one in aws_with_every_option.functions().items() if "DUNNING_RETRY_DAYS" in str(one)}
    assert told == {"bill_customers", "advance_invoices", "drive_invoice"}
    assert "DUNNING" not in str(aws.functions())
