"""Accepts usage events."""

from meterhouse.metering.ingest import IngestEvents
from meterhouse.metering.ingest_api import ingest_handler
from meterhouse.metering.kafka import KafkaProducer
from meterhouse.platform import clock
from meterhouse.platform.kafka import KafkaSettings

producer = KafkaProducer(KafkaSettings.from_environment)
producer.warm()
handler = ingest_handler(IngestEvents(producer, clock.now))
