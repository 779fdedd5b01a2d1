"""Consumes a mapping's topics in its group and commits what was delivered."""

import logging
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass

from confluent_kafka import (
    TIMESTAMP_LOG_APPEND_TIME,
    Consumer,
    KafkaError,
    KafkaException,
    Message,
    Producer,
    TopicPartition,
)

from localstack.bridge.delivery import Delivery, InterruptedDeliveryError, Invoke
from localstack.bridge.event import MAX_PAYLOAD_BYTES, Record, Source
from localstack.bridge.mapping import KafkaMapping

log = logging.getLogger(__name__)

IDLE_SECONDS = 0.2
FETCH = 500
# Base64 makes four bytes of three; beyond this a batch cannot fit one invocation anyway.
MAX_VALUE_BYTES = MAX_PAYLOAD_BYTES * 3 // 4
DAY_MS = 24 * 60 * 60 * 1000


@dataclass(slots=True)
class Poller:
    """One mapping at work; `run` returns after `stop` is set."""

    mapping: KafkaMapping
    bootstrap_servers: str
    invoke: Invoke
    stop: threading.Event

    def run(self) -> None:
        """Polls until stopped; a broker that went away or forgot its topics is waited for."""
        producer = Producer({"bootstrap.servers": self.bootstrap_servers, "enable.idempotence": True})

        def dead_letter(topic: str, record: Record, reason: str) -> None:
            _produce(producer, topic, record, reason)

        source = Source(self.mapping.event_source_arn, self.bootstrap_servers)
        delivery = Delivery(self.mapping, source, self.invoke, dead_letter, self.stop)
        while not self.stop.is_set():
            consumer = self._subscribe()
            try:
                self._consume(consumer, delivery)
            except InterruptedDeliveryError:
                log.info("%s: stopped in the middle of a batch, which will come again", self.mapping.uuid)
            except KafkaException as error:
                log.warning("%s: %s; joining again", self.mapping.uuid, error)
                self.stop.wait(1)
            finally:
                consumer.close()

    def _consume(self, consumer: Consumer, delivery: Delivery) -> None:
        while not self.stop.is_set():
            records = self._collect(consumer)
            if records:
                delivery.deliver(records)
                consumer.commit(offsets=_next_offsets(records), asynchronous=False)

    def _collect(self, consumer: Consumer) -> list[Record]:
        """The next batch: full, or as large as it grew within the batching window after its first record."""
        records = _read(consumer, 1, IDLE_SECONDS)
        if not records:
            return []
        deadline = time.monotonic() + self.mapping.window_seconds
        size = 0
        while len(records) < self.mapping.batch_size and size < MAX_VALUE_BYTES and not self.stop.is_set():
            left = deadline - time.monotonic()
            if left <= 0:
                break
            more = _read(consumer, min(FETCH, self.mapping.batch_size - len(records)), min(left, IDLE_SECONDS))
            records += more
            size += sum(len(record.value or b"") for record in more)
        return records

    def _subscribe(self) -> Consumer:
        consumer = Consumer(
            {
                "bootstrap.servers": self.bootstrap_servers,
                "group.id": self.mapping.group,
                "auto.offset.reset": self.mapping.start,
                "enable.auto.commit": False,
                # With tansu a longer session makes joining a group take 23 s.
                "session.timeout.ms": 6000,
                # A function may be retried for as long as it takes; heartbeats go on meanwhile.
                "max.poll.interval.ms": DAY_MS,
                "topic.metadata.refresh.interval.ms": 1000,
                "allow.auto.create.topics": False,
            }
        )
        consumer.subscribe(list(self.mapping.topics))
        return consumer


def _read(consumer: Consumer, count: int, timeout: float) -> list[Record]:
    records = []
    for message in consumer.consume(count, timeout):
        error = message.error()
        if error is None:
            records.append(_record(message))
        elif error.code() != KafkaError.UNKNOWN_TOPIC_OR_PART:
            raise KafkaException(error)
    return records


def _record(message: Message) -> Record:
    kind, timestamp = message.timestamp()
    return Record(
        topic=message.topic() or "",
        partition=message.partition() or 0,
        offset=message.offset() or 0,
        timestamp=timestamp,
        timestamp_type="LOG_APPEND_TIME" if kind == TIMESTAMP_LOG_APPEND_TIME else "CREATE_TIME",
        key=message.key(),
        value=message.value(),
        headers=_headers(message),
    )


def _headers(message: Message) -> tuple[tuple[str, bytes], ...]:
    # librdkafka gives a list, because names may repeat; its type stub also knows a dict.
    headers = message.headers() or []
    pairs = headers.items() if isinstance(headers, dict) else headers
    return tuple((name, value.encode() if isinstance(value, str) else value or b"") for name, value in pairs)


def _next_offsets(records: Sequence[Record]) -> list[TopicPartition]:
    last = {(record.topic, record.partition): record.offset for record in records}
    return [TopicPartition(topic, partition, offset + 1) for (topic, partition), offset in last.items()]


def _produce(producer: Producer, topic: str, record: Record, reason: str) -> None:
    refusals: list[KafkaError] = []
    where = {
        "topic": record.topic,
        "partition": str(record.partition),
        "offset": str(record.offset),
        "timestamp": str(record.timestamp),
        "reason": reason,
    }
    headers: list[tuple[str, str | bytes | None]] = [*record.headers, *where.items()]
    producer.produce(
        topic,
        key=record.key,
        value=record.value,
        headers=headers,
        on_delivery=lambda error, _: refusals.append(error) if error else None,
    )
    if producer.flush(30) or refusals:
        raise KafkaException(refusals[0] if refusals else KafkaError(KafkaError._TIMED_OUT))  # noqa: SLF001 - librdkafka's public name
