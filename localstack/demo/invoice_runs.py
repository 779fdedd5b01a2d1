"""Invoice runs through the deployed Step Functions workflow."""

import json
import time
from collections.abc import Mapping
from typing import Any

from localstack.aws import aws_client

_POLL_SECONDS = 0.3
_ATTEMPTS = 50


class RunFailedError(Exception):
    """The workflow ended otherwise than well; the message holds its error and cause."""


def run_invoices(stack: Mapping[str, str], as_of: str) -> None:
    """Bill what is due at `as_of`.

    The execution's name is the run's: one that succeeded is not started again, one that failed is followed by another.

    Raises:
        RunFailedError: the run started here failed.
    """
    workflows = aws_client("stepfunctions", stack)
    machine = stack["INVOICE_RUN_ARN"]
    for attempt in range(1, _ATTEMPTS):
        name = f"demo-{as_of[:10]}-{attempt}"
        arn, ours = _start(workflows, machine, name, as_of)
        outcome = _wait(workflows, arn)
        if outcome["status"] == "SUCCEEDED":
            return
        if ours:
            raise RunFailedError(f"{name} {outcome['status']}: {outcome.get('error')} {outcome.get('cause')}")


def _start(workflows: Any, machine: str, name: str, as_of: str) -> tuple[str, bool]:  # noqa: ANN401 - boto3 has no types
    """The execution's ARN, and whether it was started by this call."""
    try:
        started = workflows.start_execution(stateMachineArn=machine, name=name, input=json.dumps({"asOf": as_of}))
    except workflows.exceptions.ExecutionAlreadyExists:
        return f"{machine.replace(':stateMachine:', ':execution:')}:{name}", False
    return started["executionArn"], True


def _wait(workflows: Any, arn: str) -> dict[str, Any]:  # noqa: ANN401 - boto3 has no types
    while True:
        outcome: dict[str, Any] = workflows.describe_execution(executionArn=arn)
        if outcome["status"] != "RUNNING":
            return outcome
        time.sleep(_POLL_SECONDS)
