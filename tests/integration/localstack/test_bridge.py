"""The Kafka event source mapping on a real broker, invoking over HTTP: shape, commits, retries, dead letters, caps."""

import threading
import time
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from confluent_kafka import Consumer, Message, Producer, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from localstack.bridge.consumer import Poller
from localstack.bridge.emulator import Emulator
from localstack.bridge.event import MAX_PAYLOAD_BYTES
from localstack.bridge.mapping import KafkaMapping
from localstack.fixtures import KafkaServer
from tests.integration.localstack.lambda_api import Event, FunctionError, LambdaApi, ThrottledError, running_lambda_api

ARN = "arn:aws:kafka:us-east-1:000000000000:cluster/local/1"


@dataclass(slots=True)
class Topic:
    """A topic of its own for each test, with what a test does to it."""

    servers: str
    name: str
    producer: Producer = field(init=False)

    def __post_init__(self) -> None:
        self.producer = Producer({"bootstrap.servers": self.servers, "message.max.bytes": 10_000_000})

    def send(self, *values: bytes, key: bytes | None = b"ns", partition: int = 0, **options: object) -> None:
        for value in values:
            self.producer.produce(self.name, value=value, key=key, partition=partition, **options)  # type: ignore[arg-type]
            self.producer.flush(60)

    def committed(self, partition: int = 0) -> int:
        """The group's next offset; negative when nothing was committed."""
        consumer = Consumer({"bootstrap.servers": self.servers, "group.id": self.group})
        try:
            [place] = consumer.committed([TopicPartition(self.name, partition)], timeout=60)
            return int(place.offset)
        finally:
            consumer.close()

    def dead_letters(self, count: int, timeout: float = 60) -> list[Message]:
        settings = {"bootstrap.servers": self.servers, "group.id": "reader", "auto.offset.reset": "earliest"}
        consumer = Consumer(settings)
        consumer.assign([TopicPartition(self.dead_letter, 0, 0)])
        try:
            return consumer.consume(count, timeout=timeout)
        finally:
            consumer.close()

    @property
    def group(self) -> str:
        return f"{self.name}-sink"

    @property
    def dead_letter(self) -> str:
        return f"{self.name}-dead-letter"

    def in_one_batch(self, count: int, **changes: object) -> KafkaMapping:
        """So many records are waited for, and no window cuts them in two."""
        return self.mapping(**({"batch_size": count, "window_seconds": 60} | changes))

    def mapping(self, **changes: object) -> KafkaMapping:
        defaults: dict[str, object] = {"batch_size": 100, "window_seconds": 0.2}
        return KafkaMapping("uuid", "sink_events", ARN, (self.name,), self.group, **(defaults | changes))  # type: ignore[arg-type]


@pytest.fixture
def topic(kafka_server: KafkaServer, request: pytest.FixtureRequest) -> Topic:
    topic = Topic(kafka_server.bootstrap_servers, request.node.name.replace("[", "-").replace("]", ""))
    admin = AdminClient({"bootstrap.servers": topic.servers})
    made = admin.create_topics([NewTopic(topic.name, 2), NewTopic(topic.dead_letter, 1)])
    for future in made.values():
        future.result(60)
    return topic


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> Iterator[LambdaApi]:
    with running_lambda_api() as api:
        for name, value in {
            "AWS_ENDPOINT_URL": api.url,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_REGION": "us-east-1",
            "AWS_DEFAULT_REGION": "us-east-1",
        }.items():
            monkeypatch.setenv(name, value)
        yield api


@contextmanager
def polling(topic: Topic, mapping: KafkaMapping) -> Iterator[None]:
    poller = Poller(mapping, topic.servers, Emulator().invoke, threading.Event())
    thread = threading.Thread(target=poller.run)
    thread.start()
    try:
        yield
    finally:
        poller.stop.set()
        thread.join()


def eventually(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 120
    while not condition():
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.02)


def values(api: LambdaApi) -> list[bytes]:
    return [b64decode(record["value"]) for record in api.records()]


def test_the_event_has_the_shape_of_an_msk_event(topic: Topic, api: LambdaApi) -> None:
    topic.send(b"one", timestamp=1_357_020_000_123, headers=[("trace", b"\x00\xffa"), ("trace", b"")])
    topic.send(b"two", key=None, partition=1)
    with polling(topic, topic.mapping()):
        eventually(lambda: len(api.records()) == 2)
    assert {(event["eventSource"], event["eventSourceArn"], event["bootstrapServers"]) for event in api.events} == {
        ("aws:kafka", ARN, topic.servers)
    }
    by_place = {place: records for event in api.events for place, records in event["records"].items()}
    assert by_place[f"{topic.name}-0"] == [
        {
            "topic": topic.name,
            "partition": 0,
            "offset": 0,
            "timestamp": 1_357_020_000_123,
            "timestampType": "CREATE_TIME",
            "key": b64encode(b"ns").decode(),
            "value": b64encode(b"one").decode(),
            "headers": [{"trace": [0, 255, 97]}, {"trace": []}],
        }
    ]
    [second] = by_place[f"{topic.name}-1"]
    assert "key" not in second
    assert second["headers"] == []


def test_the_offset_moves_only_after_the_function_succeeded(topic: Topic, api: LambdaApi) -> None:
    called, go_on = threading.Event(), threading.Event()

    def answer(_: Event) -> None:
        called.set()
        go_on.wait(120)

    api.answer = answer
    topic.send(b"one")
    with polling(topic, topic.mapping()):
        assert called.wait(120)
        assert topic.committed() < 0
        go_on.set()
        eventually(lambda: topic.committed() == 1)


def test_what_was_not_committed_comes_again_after_a_crash(topic: Topic, api: LambdaApi) -> None:
    def crash(_: Event) -> None:
        raise FunctionError("the sink died between insert and commit")

    api.answer = crash
    topic.send(b"one", b"two")
    with polling(topic, topic.mapping()):
        eventually(lambda: len(api.events) >= 1)
    api.events.clear()
    api.answer = lambda _: None
    with polling(topic, topic.mapping()):
        eventually(lambda: topic.committed() == 2)
    assert values(api) == [b"one", b"two"]


def test_a_failing_function_is_retried_with_the_whole_batch(topic: Topic, api: LambdaApi) -> None:
    def fail_twice(_: Event) -> None:
        if len(api.events) < 3:
            raise FunctionError("not yet")

    api.answer = fail_twice
    topic.send(b"one", b"two")
    with polling(topic, topic.in_one_batch(2)):
        eventually(lambda: topic.committed() == 2)
    assert values(api) == [b"one", b"two"] * 3


def test_being_throttled_uses_up_no_attempt(topic: Topic, api: LambdaApi) -> None:
    def throttle_three_times(_: Event) -> None:
        if len(api.events) <= 3:
            raise ThrottledError

    api.answer = throttle_three_times
    topic.send(b"one")
    with polling(topic, topic.mapping(max_retries=0, dead_letter_topic=topic.dead_letter)):
        eventually(lambda: topic.committed() == 1)
    assert len(api.events) == 4
    assert topic.dead_letters(1, timeout=0.5) == []


def test_only_the_reported_records_are_retried(topic: Topic, api: LambdaApi) -> None:
    def report_the_second(_: Event) -> object:
        if len(api.events) > 1:
            return {"batchItemFailures": []}
        return {"batchItemFailures": [{"itemIdentifier": {"partition": f"{topic.name}-0", "offset": 1}}]}

    api.answer = report_the_second
    topic.send(b"one", b"two", b"three")
    with polling(topic, topic.in_one_batch(3, reports_item_failures=True)):
        eventually(lambda: topic.committed() == 3)
    assert values(api) == [b"one", b"two", b"three", b"two"]


def test_an_answer_that_names_no_sent_record_fails_the_batch(topic: Topic, api: LambdaApi) -> None:
    def nonsense_once(_: Event) -> object:
        identifier = {"partition": f"{topic.name}-0", "offset": 99}
        return {"batchItemFailures": [{"itemIdentifier": identifier}]} if len(api.events) == 1 else None

    api.answer = nonsense_once
    topic.send(b"one", b"two")
    with polling(topic, topic.in_one_batch(2, reports_item_failures=True)):
        eventually(lambda: topic.committed() == 2)
    assert values(api) == [b"one", b"two"] * 2


def test_poison_goes_to_the_dead_letters_with_its_origin_and_the_rest_goes_on(topic: Topic, api: LambdaApi) -> None:
    def refuse_poison(event: Event) -> None:
        if any(b64decode(record["value"]) == b"poison" for place in event["records"].values() for record in place):
            raise FunctionError("cannot read it")

    api.answer = refuse_poison
    topic.send(b"one", b"poison", b"three", headers=[("trace", b"1")])
    with polling(topic, topic.in_one_batch(3, max_retries=3, dead_letter_topic=topic.dead_letter, bisects=True)):
        eventually(lambda: topic.committed() == 3)
    [letter] = topic.dead_letters(1)
    assert (letter.key(), letter.value()) == (b"ns", b"poison")
    headers: dict[str, Any] = dict(letter.headers() or ())
    assert int(headers.pop("timestamp")) > 0
    assert list(headers.items()) == [
        ("trace", b"1"),
        ("topic", topic.name.encode()),
        ("partition", b"0"),
        ("offset", b"1"),
        ("reason", b"cannot read it"),
    ]
    assert {b"one", b"three"} <= set(values(api))


def test_an_invocation_never_exceeds_six_megabytes(topic: Topic, api: LambdaApi) -> None:
    topic.send(*(bytes(900_000) for _ in range(12)))
    with polling(topic, topic.mapping(window_seconds=1.0)):
        eventually(lambda: topic.committed() == 12)
    assert len(api.records()) == 12
    assert len(api.sizes) >= 3
    assert max(api.sizes) <= MAX_PAYLOAD_BYTES


def test_an_invocation_never_exceeds_the_batch_size(topic: Topic, api: LambdaApi) -> None:
    topic.send(*(f"{n}".encode() for n in range(25)))
    with polling(topic, topic.mapping(batch_size=10)):
        eventually(lambda: topic.committed() == 25)
    assert max(len(places) for event in api.events for places in event["records"].values()) <= 10
    assert values(api) == [f"{n}".encode() for n in range(25)]


def test_a_topic_that_is_made_later_is_consumed_then(kafka_server: KafkaServer, api: LambdaApi) -> None:
    topic = Topic(kafka_server.bootstrap_servers, "made-later")
    with polling(topic, topic.mapping()):
        admin = AdminClient({"bootstrap.servers": topic.servers})
        admin.create_topics([NewTopic(topic.name, 1)])[topic.name].result(60)
        topic.send(b"one")
        eventually(lambda: values(api) == [b"one"])
