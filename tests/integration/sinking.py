"""The real sink, beside a log that is not Kafka's."""

from collections.abc import Callable, Sequence
from datetime import datetime

from meterhouse.metering.clickhouse_sink import ClickHouseSink
from meterhouse.metering.postgres import AllMeters, OutboxNotices
from meterhouse.metering.sink import LogRecord, SinkEvents
from meterhouse.platform.clickhouse import ClickHouse
from meterhouse.platform.ids import new_id
from meterhouse.platform.postgres import Database


def sink(database: Database, store: ClickHouse, now: Callable[[], datetime], records: Sequence[LogRecord]) -> None:
    """Store records, all of which must be sound."""
    meters, notices = AllMeters(database), OutboxNotices(database)
    SinkEvents(meters, ClickHouseSink(store), _NoLetters(), notices, now=now, new_id=new_id)(records)


class _NoLetters:
    def bury(self, record: LogRecord, reason: str) -> None:
        raise AssertionError(f"{record.offset} is dead: {reason}")

    def refuse(self, poison: int) -> None:
        raise AssertionError(f"{poison} records are dead")
