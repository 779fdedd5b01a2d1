"""What the metering room asks of invoices, answered from PostgreSQL."""

from datetime import datetime

from meterhouse.platform.postgres import Database
from meterhouse.platform.sql import queries

_SQL = queries("meterhouse.billing", "lines.sql")


class PostgresOpenPeriods:
    def __init__(self, database: Database) -> None:
        self._database = database

    def earliest(self, namespace: str) -> datetime | None:
        """When the earliest service period that is not invoiced yet began."""
        with self._database.transaction(namespace) as transaction:
            row = transaction.fetch_one(_SQL["earliest_pending"])
        return None if row is None else row["earliest"]
