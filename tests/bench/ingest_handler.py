"""P2: the ingest handler, API Gateway event in, delivery report out, against parsing the body and producing the record.

The floor's producer is configured as ours and sends the very record that the handler makes, to the same broker.
"""

import os
from base64 import b64encode
from collections.abc import Callable
from contextlib import redirect_stdout
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import orjson
from confluent_kafka import Producer

from meterhouse.metering.decode import check_events
from meterhouse.metering.faults import Shape
from meterhouse.metering.ingest import IngestEvents
from meterhouse.metering.ingest_api import ingest_handler
from meterhouse.metering.kafka import KafkaProducer
from meterhouse.metering.record import encode_record
from meterhouse.platform import clock
from meterhouse.platform.kafka import KafkaSettings
from tests.bench.departures import body_of, departures
from tests.bench.measurement import Effort, Figure, Kind, Run, take_turns

_ROUNDS = {Effort.FULL: 1500, Effort.SMALL: 10}
_WARM_UP = 50
_BOUNDS = {1: 1.25, 100: 2.0}
_NAMESPACE = "bench"
_DEADLINE_SECONDS = 8.0

Handler = Callable[[dict[str, Any], object], dict[str, Any]]


def measure(run: Run) -> list[Figure]:
    with Path(os.devnull).open("w", encoding="utf-8") as log, redirect_stdout(log):
        return _figures(run, run.engines.kafka)


def _figures(run: Run, settings: KafkaSettings) -> list[Figure]:
    # both producers end with this call: the broker waits for its clients before it stops
    handler = ingest_handler(IngestEvents(KafkaProducer(lambda: settings), clock.now))
    bare = _bare_producer(settings)
    return [_figure(run, handler, bare, count) for count in _BOUNDS]


def _figure(run: Run, handler: Handler, bare: Producer, count: int) -> Figure:
    body = body_of(departures(count))
    record = encode_record(_NAMESPACE, check_events(body, Shape.EITHER, count).events, clock.now())
    floor, work = partial(_parse_and_produce, bare, body, record), partial(_ingest, handler, _request(body, count))
    work_name = f"ingest handler, {count} event{'s' if count > 1 else ''}"
    take_turns(floor, work, rounds=range(_WARM_UP))
    floors, works = take_turns(floor, work, rounds=run.track(range(_ROUNDS[run.effort]), f"P2 {work_name}"))
    return Figure("P2", work_name, Kind.RATIO, median(works), "parse, produce", median(floors), _BOUNDS[count])


def _request(body: bytes, count: int) -> dict[str, Any]:
    """What the HTTP API makes of it (payload 2.0): a media type that it does not take for text comes as base64."""
    media_type = "application/cloudevents+json" if count == 1 else "application/cloudevents-batch+json"
    return {
        "version": "2.0",
        "routeKey": "POST /api/v1/events",
        "rawPath": "/api/v1/events",
        "headers": {"content-type": media_type, "content-length": str(len(body)), "accept": "*/*"},
        "requestContext": {
            "requestId": "bench",
            "authorizer": {"lambda": {"namespace": _NAMESPACE, "scopes": "*", "keyId": "key"}},
        },
        "body": b64encode(body).decode(),
        "isBase64Encoded": True,
    }


def _bare_producer(settings: KafkaSettings) -> Producer:
    return Producer(
        settings.client_configuration()
        | {"enable.idempotence": True, "acks": "all", "linger.ms": 0, "compression.type": "none", "log_level": 2}
    )


def _ingest(handler: Handler, request: dict[str, Any]) -> None:
    answer = handler(request, None)
    if answer["statusCode"] != 204:
        raise AssertionError(answer)


def _parse_and_produce(producer: Producer, body: bytes, record: bytes) -> None:
    orjson.loads(body)
    faults: list[object] = []
    producer.produce("events", record, _NAMESPACE, on_delivery=lambda fault, _: faults.append(fault))
    producer.flush(_DEADLINE_SECONDS)
    if len(faults) != 1 or faults[0] is not None:
        raise AssertionError(faults)
