"""Counts of events in ClickHouse."""

from datetime import UTC, datetime, timedelta

from meterhouse.platform.clickhouse import ClickHouse
from meterhouse.platform.sql import queries

_SQL = queries("meterhouse.metering", "metrics.sql")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class ClickHouseEventCounts:
    def __init__(self, store: ClickHouse) -> None:
        self._store = store

    def since(self, namespace: str, ingested_from: datetime) -> list[tuple[str, int]]:
        microseconds = (ingested_from - _EPOCH) // _MICROSECOND
        rows = self._store.query(_SQL["counts"], {"namespace": namespace, "from": microseconds})
        return [(subject, count) for subject, count in rows]
