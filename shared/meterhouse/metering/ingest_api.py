"""HTTP of ingest: by hand, since a framework's import would cost more than the request."""

import sys
import traceback
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from msgspec.json import Encoder

from meterhouse.kernel.errors import InvariantBroken, MeterhouseError
from meterhouse.metering.ingest import IngestEvents
from meterhouse.metering.request import read_body
from meterhouse.platform import clock
from meterhouse.platform.access import told_of
from meterhouse.platform.calls import Batch, Calls
from meterhouse.platform.dynamodb import DynamoCounts
from meterhouse.platform.gate import Gate
from meterhouse.platform.problem import ProblemResponse, problem_response
from meterhouse.platform.trace_context import of_request, trace_id, traced

Event = dict[str, Any]
Answer = dict[str, Any]
_ENCODER = Encoder()
_TOLD_EVERY = timedelta(seconds=1)
"""Metrics in each line would be half of what ingest's log costs."""


def ingest_handler(ingest: IngestEvents, counts: DynamoCounts | None = None) -> Callable[[Event, object], Answer]:
    """A Lambda handler of `POST /api/v1/events` (HTTP API, payload 2.0): 204 once the log has acknowledged."""
    gate, calls = Gate(counts), Calls(_TOLD_EVERY)

    def handle(event: Event, _context: object) -> Answer:
        began = clock.now()
        request_id = str((event.get("requestContext") or {}).get("requestId", ""))
        try:
            with gate.passed(event, began, brings_events=True) as passage:
                namespace = _namespace_of(event)
                body, shape = read_body(event, ingest.limits)
                traceparent = of_request(event.get("headers") or {}, body)
                with traced(traceparent):
                    count = passage.events = ingest(namespace, body, shape)
        except Exception as error:  # noqa: BLE001 - the edge: an exception past it would be a 502 with a trace
            problem = problem_response(error, request_id=request_id)
            told = _fault(error) | calls.ended(began, clock.now(), problem.status)
            _log(request=request_id, status=problem.status, **told)
            return _answer(problem)
        told = _trace(traceparent) | calls.ended(began, clock.now(), batch=Batch(count))
        _log(request=request_id, namespace=namespace, status=204, events=count, **told)
        return {"statusCode": 204, "headers": {"x-request-id": request_id}}

    return handle


def _namespace_of(event: Event) -> str:
    try:
        return told_of(event)["namespace"]
    except KeyError as error:
        raise InvariantBroken("the request passed no authorizer") from error


def _trace(traceparent: str | None) -> dict[str, object]:
    found = trace_id(traceparent)
    return {} if found is None else {"trace": found}


def _fault(error: Exception) -> dict[str, object]:
    is_ours = isinstance(error, MeterhouseError) and not isinstance(error, InvariantBroken)
    return {"error": type(error).__name__, "stack": None if is_ours else traceback.format_tb(error.__traceback__)}


def _answer(problem: ProblemResponse) -> Answer:
    return {"statusCode": problem.status, "headers": problem.headers, "body": problem.body, "isBase64Encoded": False}


def _log(**fields: object) -> None:
    sys.stdout.write(_ENCODER.encode({"message": "ingest", **fields}).decode() + "\n")
