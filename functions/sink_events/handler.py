"""Stores accepted events and what meters read of them; fed by the events topic."""

from meterhouse.customers.postgres_erasures import AllErasures
from meterhouse.metering.clickhouse_sink import ClickHouseSink
from meterhouse.metering.kafka import KafkaProducer
from meterhouse.metering.kafka_dead_letters import KafkaDeadLetters
from meterhouse.metering.kafka_event import batch_handler
from meterhouse.metering.postgres import AllMeters, OutboxNotices
from meterhouse.metering.sink import SinkEvents
from meterhouse.platform import clock, ids
from meterhouse.platform.clickhouse import ClickHouse, ClickHouseSettings
from meterhouse.platform.kafka import KafkaSettings
from meterhouse.platform.postgres import Database, PostgresSettings
from meterhouse.platform.task import task

database = Database(PostgresSettings.from_environment)
sink = SinkEvents(
    AllMeters(database),
    ClickHouseSink(ClickHouse(ClickHouseSettings.from_environment)),
    KafkaDeadLetters(KafkaSettings.from_environment, KafkaProducer(KafkaSettings.from_environment)),
    OutboxNotices(database),
    now=clock.now,
    new_id=ids.new_id,
    erased=AllErasures(database).of,
)
handler = task(batch_handler(sink))
