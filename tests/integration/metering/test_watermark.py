"""The invoice run waits until the sink has dealt with every record that was there when it asked first."""

import pytest
from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from localstack.fixtures import KafkaServer
from meterhouse.kernel.errors import Unavailable
from meterhouse.metering.kafka_watermark import KafkaEventLog
from meterhouse.metering.watermark import await_watermark
from meterhouse.platform.ids import new_id
from meterhouse.platform.kafka import KafkaSettings


@pytest.fixture
def settings(kafka_server: KafkaServer) -> KafkaSettings:
    topic = f"events-{new_id()}"
    admin = AdminClient({"bootstrap.servers": kafka_server.bootstrap_servers})
    admin.create_topics([NewTopic(topic, 2, 1)])[topic].result(10)
    return KafkaSettings(kafka_server.bootstrap_servers, topic, f"{topic}.dead-letter", f"sink-{topic}", "PLAINTEXT")


@pytest.fixture
def log(settings: KafkaSettings) -> KafkaEventLog:
    return KafkaEventLog(lambda: settings)


def produce(settings: KafkaSettings, partition: int, count: int) -> None:
    """One record a request, as ingest produces them."""
    producer = Producer({"bootstrap.servers": settings.bootstrap_servers})
    for number in range(count):
        producer.produce(settings.events_topic, str(number).encode(), partition=partition)
        producer.flush(10)


def commit(settings: KafkaSettings, partition: int, offset: int) -> None:
    consumer = Consumer({"bootstrap.servers": settings.bootstrap_servers, "group.id": settings.consumer_group})
    consumer.commit(offsets=[TopicPartition(settings.events_topic, partition, offset)], asynchronous=False)
    consumer.close()


def test_a_topic_nobody_wrote_to_keeps_nobody_waiting(log: KafkaEventLog) -> None:
    assert await_watermark(log, None) == {"caughtUp": True, "targets": {"0": 0, "1": 0}}


def test_the_run_waits_until_each_partition_is_committed_up_to_its_end(
    settings: KafkaSettings, log: KafkaEventLog
) -> None:
    produce(settings, 0, 3)
    produce(settings, 1, 2)

    first = await_watermark(log, None)
    assert first == {"caughtUp": False, "targets": {"0": 3, "1": 2}}

    commit(settings, 0, 3)
    assert await_watermark(log, {"0": 3, "1": 2})["caughtUp"] is False
    commit(settings, 1, 2)
    assert await_watermark(log, {"0": 3, "1": 2})["caughtUp"] is True
    assert await_watermark(log, {"0": 3, "1": 2}, lambda: False)["caughtUp"] is False


def test_what_arrives_after_the_first_look_is_not_waited_for(settings: KafkaSettings, log: KafkaEventLog) -> None:
    produce(settings, 0, 1)
    targets = {"0": 1, "1": 0}
    commit(settings, 0, 1)
    produce(settings, 0, 5)

    assert await_watermark(log, targets) == {"caughtUp": True, "targets": targets}


def test_silent_brokers_are_unavailable_and_never_caught_up() -> None:
    nowhere = KafkaSettings("127.0.0.1:1", "events", "events.dead-letter", "sink", "PLAINTEXT")

    with pytest.raises(Unavailable):
        await_watermark(KafkaEventLog(lambda: nowhere, answers_within=0.5), None)
