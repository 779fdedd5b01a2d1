"""Tells the invoice run whether every event accepted before it began is stored, in a store that has lost nothing."""

from meterhouse.metering.clickhouse_archive import ClickHouseArchive
from meterhouse.metering.kafka_watermark import KafkaEventLog
from meterhouse.metering.rebuild_usage import StillWhole
from meterhouse.metering.s3_archive import S3Archive
from meterhouse.metering.watermark import await_watermark
from meterhouse.platform.clickhouse import ClickHouse, ClickHouseSettings
from meterhouse.platform.kafka import KafkaSettings
from meterhouse.platform.task import task

log = KafkaEventLog(KafkaSettings.from_environment)
store = ClickHouseArchive(ClickHouse(ClickHouseSettings.from_environment))
whole = StillWhole(S3Archive(), store)
handler = task(lambda event: await_watermark(log, event.get("targets"), whole))
