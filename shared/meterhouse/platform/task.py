"""The edge of workflow tasks and scheduled functions: a JSON object in, a JSON object out."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from meterhouse.kernel.errors import InvalidInput, InvariantBroken, MeterhouseError, Problem
from meterhouse.kernel.instant import parse_rfc3339
from meterhouse.platform import clock
from meterhouse.platform.acting import Actor, acting
from meterhouse.platform.calls import Batch, Calls
from meterhouse.platform.logging import logger
from meterhouse.platform.problem import status_of

Task = Callable[[dict[str, Any]], dict[str, Any]]


def task(run: Task) -> Callable[[dict[str, Any], LambdaContext], dict[str, Any]]:
    """Decorate a task: expected outcomes are values; an exception is a fault, which the workflow retries or catches.

    One that is not ours goes on as `InvariantBroken`: Lambda would write its words into the log, and they quote data.
    """
    calls = Calls()

    @logger.inject_lambda_context(clear_state=True)
    def handle(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
        began = clock.now()
        try:
            answer = run(event)
        except Exception as error:
            calls.tell(began, clock.now(), status_of(error))
            if isinstance(error, MeterhouseError):
                raise
            logger.exception("task failed")
            raise InvariantBroken(f"{type(error).__name__}, as the log tells") from None
        logger.info("task done", extra={"function": context.function_name})
        calls.tell(began, clock.now(), batch=_batch(event, answer))
        return answer

    return handle


def _batch(event: Mapping[str, Any], answer: Mapping[str, Any]) -> Batch | None:
    """What a queue or the events' topic gave, or how a workflow's batch of customers went; None: no batch."""
    if "Records" in event:
        return Batch(len(event["Records"]), len(answer.get("batchItemFailures", ())))
    if "records" in event:
        return Batch(sum(map(len, event["records"].values())))
    if "succeeded" in answer and "failed" in answer:
        named = answer["failed"]
        failed = named if isinstance(named, int) else len(named)
        return Batch(answer["succeeded"] + failed, failed)
    return None


def operation(run: Task) -> Callable[[dict[str, Any], LambdaContext], dict[str, Any]]:
    """Decorate what an operator invokes: a task, whose changes are the operator's in the audit log."""

    def handle(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
        with acting(Actor("operator", context.function_name, context.aws_request_id)):
            return decorated(event, context)

    decorated = task(run)
    return handle


def instant(event: dict[str, Any], name: str) -> datetime:
    """The instant in `event[name]`.

    Raises:
        InvalidInput: it is missing or no RFC 3339 time with a zone.
    """
    try:
        return parse_rfc3339(event[name])
    except (KeyError, TypeError, ValueError) as error:
        fault = Problem(f"/{name}", "instant", "an RFC 3339 time with a zone is required")
        raise InvalidInput(f"the task's input lacks {name}", [fault]) from error


def text(event: dict[str, Any], name: str) -> str:
    """The non-empty text in `event[name]`.

    Raises:
        InvalidInput: it is missing, empty or no text.
    """
    value = event.get(name)
    if not isinstance(value, str) or not value:
        raise InvalidInput(f"the task's input lacks {name}", [Problem(f"/{name}", "text", "a text is required")])
    return value


def whole(event: dict[str, Any], name: str) -> int:
    """The whole number in `event[name]`, 0 or more.

    Raises:
        InvalidInput: it is missing or no such number.
    """
    value = event.get(name)
    if type(value) is not int or value < 0:
        fault = Problem(f"/{name}", "whole", "a whole number is required")
        raise InvalidInput(f"the task's input lacks {name}", [fault])
    return value
