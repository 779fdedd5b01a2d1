"""A house whose events come through a real log: ingest, sink with its committed offsets, witness, report."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from operator import attrgetter
from typing import Any

from confluent_kafka import Consumer, TopicPartition
from msgspec.json import encode

from meterhouse.metering.account_for_events import AccountForEvents
from meterhouse.metering.audit_events import LAST_HOURS, AuditEvents
from meterhouse.metering.clickhouse_conservation import ClickHouseConservation
from meterhouse.metering.clickhouse_dead_letters import ClickHouseLetters
from meterhouse.metering.clickhouse_sink import ClickHouseSink
from meterhouse.metering.clickhouse_trace import ClickHouseTrace
from meterhouse.metering.clickhouse_witness import ClickHouseWitness
from meterhouse.metering.cloud_event import CloudEvent
from meterhouse.metering.cloudwatch_audit import METRICS
from meterhouse.metering.conservation import total
from meterhouse.metering.conservation_api import conservation_routes
from meterhouse.metering.dead_letters import DeadLetters
from meterhouse.metering.dead_letters_api import dead_letter_routes
from meterhouse.metering.faults import Shape
from meterhouse.metering.ingest import IngestEvents
from meterhouse.metering.kafka import KafkaProducer
from meterhouse.metering.kafka_dead_letters import KafkaDeadLetters
from meterhouse.metering.kafka_replay import KafkaReplay
from meterhouse.metering.kafka_topic import KafkaTopic, _record
from meterhouse.metering.kafka_watermark import KafkaEventLog
from meterhouse.metering.model import Meter
from meterhouse.metering.postgres_directory import directory_of
from meterhouse.metering.postgres_replays import PostgresReplays
from meterhouse.metering.sink import LogRecord, SinkEvents
from meterhouse.metering.trace_api import trace_routes
from meterhouse.metering.trace_event import TraceEvent
from meterhouse.metering.witness import Witness
from meterhouse.platform.http import http_handler
from meterhouse.platform.ids import new_id
from meterhouse.platform.kafka import KafkaSettings
from meterhouse.platform.postgres import Database, begins
from meterhouse.platform.topics import create_topics
from tests.integration.metering.house import T0, House
from tests.unit.platform.requests import CONTEXT, request

PATIENCE_SECONDS = 60
"""The broker shares a busy machine."""
NOTHING = dict.fromkeys(
    (
        "accepted",
        "counted",
        "unmatched",
        "invalid",
        "duplicate",
        "conflict",
        "dead",
        "pending",
        "unexplained",
        "astray",
    ),
    0,
)


def log_settings(servers: str) -> KafkaSettings:
    """Topics and a consumer group of their own."""
    name = new_id()
    made = KafkaSettings(servers, f"events-{name}", f"dead-letters-{name}", f"sink-{name}", "PLAINTEXT")
    create_topics(made)
    return made


@dataclass
class LogHouse:
    house: House
    settings: KafkaSettings
    database: Database
    incomplete: set[str] = field(default_factory=set)
    at: datetime = T0

    @property
    def namespace(self) -> str:
        return self.house.namespace

    def is_backfilled(self, namespace: str, meter: Meter) -> bool:
        assert namespace == self.namespace
        return meter.id not in self.incomplete

    @cached_property
    def producer(self) -> KafkaProducer:
        return KafkaProducer(lambda: self.settings, PATIENCE_SECONDS)

    def ingest(self, *events: CloudEvent, at: datetime | None = None) -> None:
        IngestEvents(self.producer, lambda: at or self.at)(self.namespace, encode(events), Shape.BATCH)

    @contextmanager
    def delivered(self) -> Iterator[list[LogRecord]]:
        """What the sink's group has not committed; committed when all went well."""
        group = {"group.id": self.settings.consumer_group, "enable.auto.commit": False}
        consumer = Consumer(self.settings.client_configuration() | group)
        topic = self.settings.events_topic
        numbers = consumer.list_topics(topic, 10).topics[topic].partitions
        starts = consumer.committed([TopicPartition(topic, number) for number in numbers], 10)
        ends = {place.partition: consumer.get_watermark_offsets(place, 10)[1] for place in starts}
        for place in starts:
            place.offset = max(place.offset, 0)
        starts = [place for place in starts if place.offset < ends[place.partition]]
        records: list[LogRecord] = []
        if starts:
            consumer.assign(starts)
        while len(records) < sum(ends[place.partition] - place.offset for place in starts):
            message = consumer.poll(PATIENCE_SECONDS)
            assert message is not None
            assert message.error() is None
            records.append(_record(message))
        try:
            yield records
            if starts:
                offsets = [TopicPartition(topic, place.partition, ends[place.partition]) for place in starts]
                consumer.commit(offsets=offsets, asynchronous=False)
        finally:
            consumer.close()

    def sink(self, store: object | None = None) -> list[LogRecord]:
        with self.delivered() as records:
            self.sinks(store)(records)
        return records

    def sinks(self, store: object | None = None) -> SinkEvents:
        house, letters = self.house, KafkaDeadLetters(lambda: self.settings, self.producer)
        usage_store: Any = store or ClickHouseSink(house.store)
        return SinkEvents(house, usage_store, letters, house, now=house.now, new_id=new_id)

    @cached_property
    def letters(self) -> KafkaTopic:
        return KafkaTopic(lambda: self.settings, attrgetter("dead_letter_topic"), PATIENCE_SECONDS)

    @cached_property
    def witness(self) -> Witness:
        events = KafkaTopic(lambda: self.settings, attrgetter("events_topic"), PATIENCE_SECONDS)
        return Witness(events, self.letters, ClickHouseWitness(self.house.store))

    @cached_property
    def account(self) -> AccountForEvents:
        log = KafkaEventLog(lambda: self.settings)
        return AccountForEvents(log, self.witness, self.house, ClickHouseConservation(self.house.store), self)

    def ask(self, method: str, path: str, query: str = "", namespace: str | None = None) -> tuple[int, Any]:
        replay = KafkaReplay(lambda: self.settings, self.producer)
        conservation = ClickHouseConservation(self.house.store)
        replays = begins(self.database, PostgresReplays)
        letters = DeadLetters(
            ClickHouseLetters(self.house.store), self.letters, replay, replays, self.witness, self.house.now
        )
        trace = TraceEvent(
            KafkaEventLog(lambda: self.settings),
            ClickHouseTrace(self.house.store),
            self.house,
            self,
            directory_of(self.database),
        )
        handler = http_handler(
            conservation_routes(self.account, conservation, lambda: self.at),
            dead_letter_routes(letters),
            trace_routes(trace),
        )
        path = f"/api/v1/debug/{path}"
        answer = handler(request(method, path, query=query, namespace=namespace or self.namespace), CONTEXT)
        return answer["statusCode"], json.loads(answer["body"])

    def totals(self, query: str = "") -> dict[str, int]:
        """The numbers of the report that are not 0, of those that add up."""
        status, report = self.ask("GET", "conservation", query)
        assert status == 200, report
        return {name: number for name, number in report["totals"].items() if number and name != "astray"}

    def after_a_reset(self) -> "LogHouse":
        """The same house on a broker that was reset: the same places, other records."""
        return replace(self, settings=log_settings(self.settings.bootstrap_servers))

    def audited(self) -> dict[str, int]:
        """What the audit tells of this namespace alone: the store holds other tests' events."""
        account = self.account
        period = AuditEvents.period(self.at, LAST_HOURS)
        found = total(account(self.namespace, period, account.look()))
        return {name: getattr(found, name) for name in METRICS.values()}
