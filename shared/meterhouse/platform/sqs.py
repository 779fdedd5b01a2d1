"""Domain events from a queue that a rule of the bus fills: one at a time; each that fails is delivered again alone."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from meterhouse.platform.http import HttpHandler
from meterhouse.platform.logging import logger
from meterhouse.platform.task import Task, task

_Handler = Callable[[dict[str, Any], LambdaContext], dict[str, Any]]


def each_event(handle: Callable[[str, dict[str, Any]], None]) -> Task:
    """A task over a batch of messages; `handle` gets each event's namespace and data, and may get it again."""
    return each_detail(lambda detail: handle(detail["namespace"], detail["data"]))


def each_detail(handle: Callable[[Mapping[str, Any]], None]) -> Task:
    """As `each_event`; `handle` gets all that the bus tells of an event: `namespace`, `id`, `type`, `data` and on."""

    def run(event: dict[str, Any]) -> dict[str, Any]:
        failed = []
        for record in event["Records"]:
            try:
                handle(json.loads(record["body"])["detail"])
            except Exception:  # noqa: BLE001 - the queue delivers it again, and at last to the dead letters, which ring
                logger.exception("a message failed", extra={"message_id": record["messageId"]})
                failed.append({"itemIdentifier": record["messageId"]})
        return {"batchItemFailures": failed}

    return run


def beside_http(serve: HttpHandler, run: Task) -> _Handler:
    """One function for callers and for a queue, where both need the same and one more would only start more often."""
    on_queue = task(run)

    def handle(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
        return on_queue(event, context) if "Records" in event else serve(event, context)

    return handle
