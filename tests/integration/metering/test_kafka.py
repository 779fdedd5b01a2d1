"""Ingest and sink on a real broker and the real stores."""

import json
import re
from base64 import b64encode
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import TIMESTAMP_CREATE_TIME, Consumer, TopicPartition
from confluent_kafka.admin import AdminClient, ConfigResource, ResourceType  # type: ignore[attr-defined] # of its types alone

from localstack.fixtures import KafkaServer, free_port, running_kafka
from localstack.settings import HOST
from meterhouse.kernel.errors import TooLarge, Unavailable
from meterhouse.metering.clickhouse import ClickHouseUsage
from meterhouse.metering.clickhouse_sink import ClickHouseSink
from meterhouse.metering.ingest import IngestEvents
from meterhouse.metering.ingest_api import ingest_handler
from meterhouse.metering.kafka import KafkaProducer
from meterhouse.metering.kafka_dead_letters import KafkaDeadLetters
from meterhouse.metering.kafka_event import batch_handler, log_records
from meterhouse.metering.record import decode_record
from meterhouse.metering.sink import LogRecord, SinkEvents
from meterhouse.metering.usage import UsageQuery
from meterhouse.platform.ids import new_id
from meterhouse.platform.kafka import KafkaSettings
from meterhouse.platform.topics import create_topics
from tests.integration.metering.house import House
from tests.integration.metering.log_house import PATIENCE_SECONDS

RUNBOOKS = Path(__file__).parents[3] / "docs" / "runbooks"
PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
EVENT = {"specversion": "1.0", "id": "1", "source": "kafka", "type": "call", "subject": "alice", "data": {"value": 5}}


@pytest.fixture(scope="module")
def settings(kafka_server: KafkaServer) -> KafkaSettings:
    return settings_of(kafka_server)


def settings_of(kafka_server: KafkaServer) -> KafkaSettings:
    """Topics of their own."""
    topics = f"events-{new_id()}", f"dead-letters-{new_id()}"
    made = KafkaSettings(kafka_server.bootstrap_servers, *topics, f"sink-{new_id()}", "PLAINTEXT")
    create_topics(made)
    return made


def test_dead_letters_go_by_themselves_when_the_runbooks_say(settings: KafkaSettings) -> None:
    asked = ConfigResource(ResourceType.TOPIC, settings.dead_letter_topic)
    admin = AdminClient(settings.client_configuration())
    told = admin.describe_configs([asked])[asked].result(10)
    assert timedelta(milliseconds=int(told["retention.ms"].value)) == timedelta(days=90)
    for page in ("tenant-leaves", "erase-subject"):
        assert re.search(r"dead letters.* 90 days", (RUNBOOKS / f"{page}.md").read_text(), re.IGNORECASE), page


def ask(namespace: str, *events: dict[str, Any]) -> dict[str, Any]:
    return {
        "rawPath": "/api/v1/events",
        "headers": {"content-type": "application/json"},
        "requestContext": {"requestId": "r", "authorizer": {"lambda": {"namespace": namespace, "scopes": "*"}}},
        "body": json.dumps(events),
        "isBase64Encoded": False,
    }


def records(settings: KafkaSettings, topic: str) -> Iterator[Any]:
    """All that a topic holds."""
    group = {"group.id": f"test-{new_id()}", "session.timeout.ms": 6000}
    consumer = Consumer(settings.client_configuration() | group)
    places = [TopicPartition(topic, number, 0) for number in consumer.list_topics(topic, 10).topics[topic].partitions]
    expected = sum(consumer.get_watermark_offsets(place, 10)[1] for place in places)
    consumer.assign(places)
    found: list[Any] = []
    while len(found) < expected:
        message = consumer.poll(PATIENCE_SECONDS)
        assert message is not None
        assert message.error() is None
        found.append(message)
    consumer.close()
    return iter(found)


def delivered(messages: Iterator[Any]) -> dict[str, Any]:
    """The event of MSK's mapping for these messages."""
    by_place: dict[str, list[dict[str, Any]]] = {}
    for message in messages:
        record = {"topic": message.topic(), "partition": message.partition(), "offset": message.offset()}
        record["timestamp"], record["timestampType"] = message.timestamp()[1], "CREATE_TIME"
        record["headers"] = [{name: list(value)} for name, value in message.headers() or ()]
        for name, value in (("key", message.key()), ("value", message.value())):
            if value is not None:
                record[name] = b64encode(value).decode()
        by_place.setdefault(f"{message.topic()}-{message.partition()}", []).append(record)
    return {"eventSource": "aws:kafka", "records": by_place}


def test_an_accepted_request_is_in_the_log_and_counts_once_however_often_delivered(
    house: House, settings: KafkaSettings
) -> None:
    meter, producer = house.meter(), KafkaProducer(lambda: settings, PATIENCE_SECONDS)
    ingest = ingest_handler(IngestEvents(producer, lambda: datetime(2026, 3, 1, tzinfo=UTC)))
    assert ingest(ask(house.namespace, EVENT, EVENT | {"id": "2"}), None)["statusCode"] == 204
    producer.send(settings.events_topic, b"poison", b"not one of ours", {"events": "7"}, timestamp_ms=1_772_323_200_123)
    sink = batch_handler(
        SinkEvents(
            house,
            ClickHouseSink(house.store),
            KafkaDeadLetters(lambda: settings, producer),
            house,
            now=house.now,
            new_id=new_id,
        )
    )
    batch = delivered(records(settings, settings.events_topic))
    for _ in range(2):
        assert sink(batch) == {"batchItemFailures": []}
    [row] = ClickHouseUsage(house.store).query(house.namespace, UsageQuery(meter))
    assert row.value == 10
    assert row.window_start == datetime(2026, 3, 1, tzinfo=UTC)
    first, *_ = records(settings, settings.dead_letter_topic)
    headers = {name: value.decode() for name, value in first.headers()}
    assert (first.key(), first.value()) == (b"poison", b"not one of ours")
    assert headers["topic"] == settings.events_topic
    assert headers["reason"].startswith("not readable")
    assert {"partition", "offset"} <= set(headers)
    assert (headers["timestamp"], headers["events"]) == ("1772323200123", "7")


def test_the_log_alone_tells_when_a_request_was_accepted_and_how_many_events_it_held(kafka_server: KafkaServer) -> None:
    settings = settings_of(kafka_server)
    accepted_at = datetime(2026, 3, 1, 12, 59, 59, 999_999, tzinfo=UTC)
    ingest = ingest_handler(IngestEvents(KafkaProducer(lambda: settings, PATIENCE_SECONDS), lambda: accepted_at))
    assert ingest(ask("acme", EVENT | {"traceparent": PARENT}, EVENT | {"id": "2"}), None)["statusCode"] == 204
    [message] = records(settings, settings.events_topic)
    assert message.headers() == [("events", b"2"), ("traceparent", PARENT.encode())]
    assert message.timestamp() == (TIMESTAMP_CREATE_TIME, 1_772_369_999_999)
    [record] = log_records(delivered(iter([message])))
    assert (record.timestamp_ms, record.headers["events"]) == (1_772_369_999_999, b"2")


def test_what_the_sink_writes_bears_the_trace_of_the_request_that_the_events_came_in(
    house: House, settings: KafkaSettings
) -> None:
    ingest = ingest_handler(
        IngestEvents(KafkaProducer(lambda: settings, PATIENCE_SECONDS), lambda: datetime(2026, 3, 1, tzinfo=UTC))
    )
    asked = ask(house.namespace, EVENT)
    asked["headers"]["traceparent"] = PARENT
    assert ingest(asked, None)["statusCode"] == 204
    comments: list[str] = []

    def sink(_: Iterator[LogRecord]) -> int:
        comments.extend(row[0] for row in house.store.query("SELECT getSetting('log_comment')"))
        return 1

    batch_handler(sink)(delivered(records(settings, settings.events_topic)))
    assert comments == ["traces=0af7651916cd43dd8448eb211c80319c"]


def test_no_broker_is_503_within_the_deadline_and_never_2xx() -> None:
    nowhere = KafkaSettings("127.0.0.1:1", "events", "dead-letters", "sink", "PLAINTEXT")
    producer = KafkaProducer(lambda: nowhere, deadline_seconds=0.5)
    ingest = ingest_handler(IngestEvents(producer, lambda: datetime(2026, 3, 1, tzinfo=UTC)))
    for _ in range(2):
        refused = ingest(ask("acme", EVENT), None)
        assert (refused["statusCode"], refused["headers"]["retry-after"]) == (503, "2")
        assert json.loads(refused["body"])["detail"] == "the event log did not acknowledge in time"


def test_what_was_answered_503_is_not_in_the_log_once_the_broker_is_back() -> None:
    port = free_port()
    settings = KafkaSettings(f"{HOST}:{port.number}", "events", "dead-letters", "sink", "PLAINTEXT")
    producer = KafkaProducer(lambda: settings, deadline_seconds=2)
    ingest = ingest_handler(IngestEvents(producer, lambda: datetime(2026, 3, 1, tzinfo=UTC)))
    assert ingest(ask("acme", EVENT), None)["statusCode"] == 503
    producer._deadline = PATIENCE_SECONDS
    with running_kafka(port):
        create_topics(settings)
        assert ingest(ask("acme", EVENT | {"id": "2"}), None)["statusCode"] == 204
        [message] = records(settings, settings.events_topic)
        assert [event.id for event in decode_record(message.value()).events] == ["2"]


def test_a_record_that_the_topic_does_not_take_is_too_large(settings: KafkaSettings) -> None:
    with pytest.raises(TooLarge):
        KafkaProducer(lambda: settings, PATIENCE_SECONDS).append(
            "acme", b"x" * 5_000_000, 1, datetime(2026, 3, 1, tzinfo=UTC)
        )


def test_warming_up_costs_nothing_where_the_broker_is_down(monkeypatch: pytest.MonkeyPatch) -> None:
    def unreadable() -> KafkaSettings:
        raise Unavailable("no secret")

    monkeypatch.setenv("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand")
    KafkaProducer(unreadable).warm()


def test_records_keep_their_order_and_missing_values() -> None:
    place = {"topic": "t", "partition": 0}
    event = {"records": {"t-0": [place | {"offset": 1}, place | {"offset": 2, "key": "YQ==", "value": "*"}]}}
    assert [(one.offset, one.key, one.value) for one in log_records(event)] == [(1, None, None), (2, b"a", b"")]


def test_headers_come_as_numbers_and_of_equal_names_the_last_counts() -> None:
    headers = [{"a": [49]}, {"b": [-61, -87]}, {"a": [50, 51]}]
    event = {"records": {"t-0": [{"topic": "t", "partition": 0, "offset": 1, "timestamp": 5, "headers": headers}]}}
    [record] = log_records(event)
    assert (record.timestamp_ms, record.headers) == (5, {"a": b"23", "b": "é".encode()})
