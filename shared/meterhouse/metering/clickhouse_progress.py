"""Running queries in ClickHouse, found by their `log_comment`: a query id would refuse a second query of one client."""

from meterhouse.platform.clickhouse import ClickHouse
from meterhouse.platform.sql import queries

_SQL = queries("meterhouse.metering", "progress.sql")


class ClickHouseRunningQueries:
    def __init__(self, store: ClickHouse) -> None:
        self._store = store

    def rows(self, comment: str) -> tuple[int, int] | None:
        found = self._store.query(_SQL["rows"], {"comment": comment})
        return (found[0][0], found[0][1]) if found else None
