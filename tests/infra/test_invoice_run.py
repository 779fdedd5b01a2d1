"""The invoice run, interpreted: which answer of a step leads where."""

import json
import re
from typing import Any

import pytest

from infra.definition import definition_of
from infra.workflow_tasks import INVOICE_RUN_SIZES, INVOICE_RUN_TASKS
from tests.infra.templates import Synthesis
from tests.infra.workflows import Answer, StepFailedError, Steps, end_of, execute

AS_OF = "2013-02-01T00:00:00Z"
BATCHES: list[dict[str, Any]] = [
    {"namespace": "default", "afterCustomerId": None, "upToCustomerId": "01C"},
    {"namespace": "default", "afterCustomerId": "01C", "upToCustomerId": "01F"},
    {"namespace": "other", "afterCustomerId": None, "upToCustomerId": "01A"},
]
DONE = {"succeeded": 500, "failed": []}


class RunSteps(Steps):
    """Stand-ins for the functions of the run, which all do what is asked unless a test says otherwise."""

    def __init__(self, **answers: Answer) -> None:
        usual: dict[str, Answer] = {
            "await_watermark": lambda asked: {"caughtUp": True, "targets": asked["targets"] or {"0": 7}},
            "sweep_writings": lambda _: {"superseded": 0},
            "list_customer_batches": lambda _: {"batches": BATCHES, "after": None},
            "bill_customers": lambda _: DONE,
            "sync_subscriptions": lambda _: DONE,
            "collect_invoices": lambda _: DONE,
            "advance_invoices": lambda _: DONE,
        }
        super().__init__(**usual | answers)

    def batches_of(self, name: str) -> list[str]:
        return sorted(asked["batch"]["upToCustomerId"] for step, asked in self.asked if step == name)


def breaks(_asked: dict[str, Any]) -> dict[str, Any]:
    raise StepFailedError("OutOfMemory")


def broken_for_one(asked: dict[str, Any]) -> dict[str, Any]:
    return breaks(asked) if asked["batch"]["upToCustomerId"] == "01C" else DONE


def run(client: Any, monkeypatch: pytest.MonkeyPatch, steps: Steps) -> dict[str, Any]:
    return execute(client, monkeypatch, "invoice_run", steps, {"asOf": AS_OF})


def machine_of(synthesis: Synthesis, name: str) -> dict[str, Any]:
    machines: list[dict[str, Any]] = [
        machine["Properties"] for machine in synthesis.all("AWS::StepFunctions::StateMachine").values()
    ]
    (found,) = [machine for machine in machines if machine["StateMachineName"] == f"meterhouse-{name}"]
    return found


def test_every_placeholder_is_a_function_and_every_task_is_used(aws: Synthesis) -> None:
    substitutions = machine_of(aws, "invoice_run")["DefinitionSubstitutions"]

    assert set(substitutions) == {spec.name for spec in INVOICE_RUN_TASKS}


@pytest.mark.parametrize(
    "name", ["invoice_run", "invoice_lifecycle", "backfill_meter", "grant_announcements", "credit_expiry"]
)
def test_state_machine_logs_everything_and_is_traced(target: Synthesis, name: str) -> None:
    machine = machine_of(target, name)

    assert machine["LoggingConfiguration"]["Level"] == "ALL"
    assert machine["TracingConfiguration"] == {"Enabled": True}


def test_scheduler_tells_the_scheduled_instant(target: Synthesis) -> None:
    inputs = [s["Properties"]["Target"]["Input"] for s in target.all("AWS::Scheduler::Schedule").values()]

    assert '{"scheduledAt": "<aws.scheduler.scheduled-time>"}' in inputs


def test_the_run_may_start_itself_by_name(target: Synthesis) -> None:
    [policy] = [
        one["Properties"]["PolicyDocument"]["Statement"]
        for name, one in target.all("AWS::IAM::Policy").items()
        if name.startswith("InvoiceRunRole")
    ]
    [started] = [one["Resource"] for one in policy if one["Action"] == "states:StartExecution"]

    assert "stateMachine:meterhouse-invoice_run" in json.dumps(started)


@pytest.mark.parametrize("is_over", [False, True])
def test_what_is_scheduled_twice_is_one_run_of_that_instant(
    client: Any, monkeypatch: pytest.MonkeyPatch, *, is_over: bool
) -> None:
    steps = RunSteps()

    first = execute(client, monkeypatch, "invoice_run", steps, {"scheduledAt": AS_OF})
    machine = first["stateMachineArn"]
    named = f"{machine.replace(':stateMachine:', ':execution:')}:run-2013-02-01T00-00"
    if is_over:
        end_of(client, named)
    delivered_again = {"name": "another", "input": json.dumps({"scheduledAt": AS_OF})}
    second = client.start_execution(stateMachineArn=machine, **delivered_again)

    assert {first["status"], end_of(client, second["executionArn"])["status"]} == {"SUCCEEDED"}
    made = end_of(client, named)
    assert (made["status"], json.loads(made["input"])) == ("SUCCEEDED", {"asOf": AS_OF})
    assert steps.batches_of("bill_customers") == ["01A", "01C", "01F"]


def test_a_run_without_failures_bills_every_batch_and_succeeds(client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    steps = RunSteps()

    ended = run(client, monkeypatch, steps)

    assert ended["status"] == "SUCCEEDED"
    assert steps.batches_of("bill_customers") == ["01A", "01C", "01F"]
    assert steps.batches_of("sync_subscriptions") == []
    told = json.loads(ended["output"])
    assert told["asOf"] == AS_OF
    assert told["totals"] == {"batches": 3, "incomplete": False}


def test_every_step_is_asked_for_the_same_instant(client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    steps = RunSteps()

    run(client, monkeypatch, steps)

    assert {asked["asOf"] for name, asked in steps.asked if name != "await_watermark"} == {AS_OF}


def test_a_run_without_customers_succeeds(client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    ended = run(client, monkeypatch, RunSteps(list_customer_batches=lambda _: {"batches": [], "after": None}))

    assert ended["status"] == "SUCCEEDED"
    assert json.loads(ended["output"])["totals"]["batches"] == 0


def in_pages(asked: dict[str, Any]) -> dict[str, Any]:
    """Three batches, one a page."""
    number = 0 if asked["after"] is None else int(asked["after"]["customerId"])
    following = {"namespace": "default", "customerId": str(number + 1)} if number < len(BATCHES) - 1 else None
    return {"batches": [BATCHES[number]], "after": following}


def test_a_run_lists_its_batches_page_by_page_and_bills_those_of_every_page(
    client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps = RunSteps(list_customer_batches=in_pages)

    ended = run(client, monkeypatch, steps)

    assert steps.batches_of("bill_customers") == ["01A", "01C", "01F"]
    assert json.loads(ended["output"])["totals"] == {"batches": 3, "incomplete": False}


def test_every_page_is_asked_for_with_the_input_of_the_run(client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    steps = RunSteps(list_customer_batches=in_pages)
    given = {"asOf": AS_OF, "batchSize": 2, "pageSize": 1}

    execute(client, monkeypatch, "invoice_run", steps, given)

    asked = [asked for name, asked in steps.asked if name == "list_customer_batches"]
    assert [one["run"] for one in asked] == [given] * len(BATCHES)


def test_the_sizes_of_a_run_reach_the_function_that_lists(aws: Synthesis) -> None:
    variables = aws.functions()["list_customer_batches"]["Environment"]["Variables"]

    assert variables.items() >= INVOICE_RUN_SIZES.items()


@pytest.mark.parametrize("broken", [one["upToCustomerId"] for one in BATCHES])
def test_a_batch_that_breaks_on_any_page_leaves_the_whole_run_incomplete(
    client: Any, monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    refused: dict[str, Any] = {"succeeded": 499, "failed": [{"customerId": "01B", "reason": "no billing profile"}]}
    steps = RunSteps(
        list_customer_batches=in_pages,
        bill_customers=lambda asked: refused if asked["batch"]["upToCustomerId"] == broken else DONE,
    )

    ended = run(client, monkeypatch, steps)

    assert (ended["status"], ended["error"]) == ("FAILED", "InvoiceRunIncomplete")
    assert steps.batches_of("bill_customers") == ["01A", "01C", "01F"]


def test_the_watermark_is_awaited_for_the_targets_of_the_first_answer(
    client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = iter([False, False, True])
    steps = RunSteps(await_watermark=lambda asked: {"caughtUp": next(answers), "targets": asked["targets"] or {"0": 9}})

    ended = run(client, monkeypatch, steps)

    assert ended["status"] == "SUCCEEDED"
    waits = [asked["targets"] for name, asked in steps.asked if name == "await_watermark"]
    assert waits == [None, {"0": 9}, {"0": 9}]


def test_a_watermark_never_reached_fails_the_run_and_bills_nobody(client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    steps = RunSteps(await_watermark=lambda _: {"caughtUp": False, "targets": {"0": 9}})

    ended = run(client, monkeypatch, steps)

    assert (ended["status"], ended["error"]) == ("FAILED", "WatermarkNotReached")
    assert {name for name, _ in steps.asked} == {"await_watermark"}
    assert len(steps.asked) == 90


def test_writings_are_swept_once_before_anybody_is_billed(client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    steps = RunSteps()

    run(client, monkeypatch, steps)

    assert [name for name, _ in steps.asked][:3] == ["await_watermark", "sweep_writings", "list_customer_batches"]
    assert [asked for name, asked in steps.asked if name == "sweep_writings"] == [{"asOf": AS_OF}]


def test_a_sweep_that_breaks_fails_the_run_and_bills_nobody(client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def breaks(_: dict[str, Any]) -> dict[str, Any]:
        raise StepFailedError("Unavailable")

    steps = RunSteps(sweep_writings=breaks)

    ended = run(client, monkeypatch, steps)

    assert ended["status"] == "FAILED"
    assert {name for name, _ in steps.asked} == {"await_watermark", "sweep_writings"}


def test_a_batch_that_breaks_at_once_is_billed_step_by_step(client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    steps = RunSteps(bill_customers=broken_for_one)

    ended = run(client, monkeypatch, steps)

    assert ended["status"] == "SUCCEEDED"
    assert steps.batches_of("bill_customers") == ["01A", "01C", "01F"]
    for name in ("sync_subscriptions", "collect_invoices", "advance_invoices"):
        assert steps.batches_of(name) == ["01C"]


def test_who_failed_to_be_synced_is_named_to_the_step_that_collects(
    client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    failed = {"01A": [], "01C": ["01B"], "01F": ["01D", "01E"]}

    def synced(asked: dict[str, Any]) -> dict[str, Any]:
        reasons = [{"customerId": one, "reason": "odd"} for one in failed[asked["batch"]["upToCustomerId"]]]
        return {"succeeded": 500 - len(reasons), "failed": reasons}

    steps = RunSteps(bill_customers=breaks, sync_subscriptions=synced)

    assert run(client, monkeypatch, steps)["error"] == "InvoiceRunIncomplete"
    named = {a["batch"]["upToCustomerId"]: a["failed"] for name, a in steps.asked if name == "collect_invoices"}
    assert named == failed
    assert all("failed" not in asked for name, asked in steps.asked if name == "advance_invoices")


def test_no_state_of_a_run_holds_why_customers_failed() -> None:
    """A batch of 500 with long reasons would pass the 256 KB of a state, which no `Catch` catches."""
    kept = re.findall(r'"failed\.\$": "([^"]*Payload[^"]*)"', definition_of("invoice_run").read_text())

    assert set(kept) == {"States.ArrayLength($.Payload.failed)", "$.Payload.failed[*].customerId"}


def test_a_batch_that_breaks_leaves_the_run_incomplete_while_the_others_are_billed(
    client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps = RunSteps(bill_customers=broken_for_one, collect_invoices=broken_for_one)

    ended = run(client, monkeypatch, steps)

    assert (ended["status"], ended["error"]) == ("FAILED", "InvoiceRunIncomplete")
    assert steps.batches_of("collect_invoices") == ["01C"]
    assert steps.batches_of("advance_invoices") == []


@pytest.mark.parametrize("step", ["bill_customers", "sync_subscriptions", "collect_invoices", "advance_invoices"])
def test_one_customer_that_fails_leaves_the_run_incomplete(
    client: Any, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    refused = {"succeeded": 499, "failed": [{"customerId": "01B", "reason": "no billing profile"}]}
    fails: dict[str, Answer] = {step: lambda asked: refused if asked["batch"]["namespace"] == "other" else DONE}
    steps = RunSteps(**{"bill_customers": breaks, **fails})

    ended = run(client, monkeypatch, steps)

    assert (ended["status"], ended["error"]) == ("FAILED", "InvoiceRunIncomplete")
    assert steps.batches_of("bill_customers") == ["01A", "01C", "01F"]
