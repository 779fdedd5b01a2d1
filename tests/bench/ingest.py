"""P2: the ingest handler against parsing the body and producing it."""

from collections.abc import Callable
from contextlib import redirect_stdout
from io import StringIO
from typing import Any

import orjson
from confluent_kafka import Producer

from localstack.fixtures import running_kafka
from meterhouse.metering.ingest import IngestEvents
from meterhouse.metering.ingest_api import ingest_handler
from meterhouse.metering.kafka import KafkaProducer
from meterhouse.platform import clock
from meterhouse.platform.kafka import KafkaSettings
from meterhouse.platform.topics import create_topics
from tests.bench.events import body_of, cloud_events
from tests.bench.measure import Figure, best_times


def handle_ingest(*, small: bool) -> list[Figure]:
    with running_kafka() as kafka:
        settings = KafkaSettings(kafka.bootstrap_servers, "events", "dead-letters", "sink", "PLAINTEXT")
        create_topics(settings)
        handler = ingest_handler(IngestEvents(KafkaProducer(lambda: settings), clock.now))
        with redirect_stdout(StringIO()):
            return [_figure(handler, settings, count, bound, small=small) for count, bound in ((1, 1.25), (100, 2.0))]


def _figure(handler: Callable[..., Any], settings: KafkaSettings, count: int, bound: float, *, small: bool) -> Figure:
    body = body_of(cloud_events(count))
    event = {
        "rawPath": "/api/v1/events",
        "headers": {"content-type": "application/json"},
        "requestContext": {"requestId": "bench", "authorizer": {"lambda": {"namespace": "bench"}}},
        "body": body.decode(),
        "isBase64Encoded": False,
    }
    plain = Producer(
        settings.client_configuration() | {"enable.idempotence": True, "acks": "all", "linger.ms": 0, "log_level": 2}
    )

    def parse_and_produce() -> None:
        orjson.loads(body)
        reports: list[object] = []
        plain.produce(settings.events_topic, body, b"bench", on_delivery=lambda error, _: reports.append(error))
        plain.flush(10)
        if reports != [None]:
            raise RuntimeError(reports)

    def handle() -> None:
        answer = handler(event, None)
        if answer["statusCode"] != 204:
            raise RuntimeError(answer)

    handle()
    parse_and_produce()
    floor, handled = best_times(parse_and_produce, handle, rounds=10 if small else 60, calls=10)
    name = f"P2 ingest handler, {count} event{'s' if count > 1 else ''}"
    return Figure(name, handled / floor, bound, f"floor {floor * 1e6:.0f} us, delivery report included")
