"""Tells the invoice run whether every event accepted before it began is stored."""

from meterhouse.metering.kafka_watermark import KafkaEventLog
from meterhouse.metering.watermark import await_watermark
from meterhouse.platform.kafka import KafkaSettings
from meterhouse.platform.task import task

log = KafkaEventLog(KafkaSettings.from_environment)
handler = task(lambda event: await_watermark(log, event.get("targets")))
