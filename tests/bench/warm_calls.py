"""`python -m tests.bench.warm_calls FUNCTION FEW MANY`: calls a handler warm; prints its memory after both counts."""

import importlib.util
import os
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psutil

from meterhouse.platform.clickhouse import ClickHouse, ClickHouseSettings
from tests.bench.departures import body_of, distinct_departures
from tests.bench.sink_batch import kafka_event, record_of

_FUNCTIONS = Path(__file__).resolve().parents[2] / "functions"
NAMESPACE = "warm"
KEY = "mh_bench-key"
_EVENTS = 100
_CONTEXT = SimpleNamespace(
    function_name="bench",
    function_version="1",
    memory_limit_in_mb=512,
    invoked_function_arn="arn:aws:lambda:us-east-1:000000000000:function:bench",
    aws_request_id="bench",
    get_remaining_time_in_millis=lambda: 30_000,
)

Event = dict[str, Any]


def _ingest(call: int) -> Event:
    body = body_of(distinct_departures(_EVENTS, seed=call))
    headers = {"content-type": "application/cloudevents-batch+json", "content-length": str(len(body))}
    return _request("POST", "/api/v1/events", headers) | {"body": body.decode()}


def _sink(call: int) -> Event:
    record, _ = record_of(NAMESPACE, call)
    return kafka_event([record])


def _query(_call: int) -> Event:
    asked = "from=2013-01-01T00:00:00Z&to=2013-02-01T00:00:00Z&windowSize=DAY&groupBy=from&groupBy=subject"
    route = "/api/v1/meters/{meterIdOrSlug}/query"
    return _request("GET", route, {}) | {
        "rawPath": "/api/v1/meters/miles/query",
        "rawQueryString": asked,
        "pathParameters": {"meterIdOrSlug": "miles"},
    }


def _roll_up(call: int) -> Event:
    """With an hour to recompute, as if a sink had written to it."""
    marks: list[list[object]] = [[NAMESPACE], ["METER"], [_HOUR_SECONDS], [str(call)], [0]]
    _STORE.insert("dirty_hours", ("namespace", "meter_id", "hour", "mark", "covered"), marks)
    return {}


def _authorize(_call: int) -> Event:
    return _request("POST", "/api/v1/events", {"authorization": f"Bearer {KEY}"})


def _request(method: str, route: str, headers: dict[str, str]) -> Event:
    return {
        "version": "2.0",
        "routeKey": f"{method} {route}",
        "rawPath": route,
        "rawQueryString": "",
        "headers": headers,
        "isBase64Encoded": False,
        "requestContext": {
            "requestId": "bench",
            "stage": "$default",
            "http": {"method": method, "path": route},
            "authorizer": {"lambda": {"namespace": NAMESPACE, "scopes": "*", "keyId": "key"}},
        },
    }


_STORE = ClickHouse(ClickHouseSettings.from_environment)
_HOUR_SECONDS = 1_356_998_400
CALLS: dict[str, Callable[[int], Event]] = {
    "ingest_events": _ingest,
    "sink_events": _sink,
    "query_usage": _query,
    "roll_up_usage": _roll_up,
    "authorize_request": _authorize,
}


def main(function: str, few: str, many: str) -> None:
    handler = _handler(function)
    memory = []
    for call in range(int(many)):
        _check(handler(CALLS[function](call), _CONTEXT))
        if call + 1 in {int(few), int(many)}:
            memory.append(psutil.Process().memory_info().rss)
    print("\n" + " ".join(map(str, memory)), flush=True)
    os._exit(0)  # as Lambda ends: a process is frozen, then gone


def _handler(function: str) -> Callable[[Event, object], Event]:
    spec = importlib.util.spec_from_file_location("handler", _FUNCTIONS / function / "handler.py")
    if spec is None or spec.loader is None:
        raise FileNotFoundError(function)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    handler: Callable[[Event, object], Event] = module.handler
    return handler


def _check(answer: Event) -> None:
    if answer.get("statusCode", 200) >= 400 or answer.get("isAuthorized") is False:
        raise AssertionError(answer)


if __name__ == "__main__":
    main(*sys.argv[1:])
