"""What the metering room asks of features, answered from PostgreSQL."""

from collections.abc import Mapping, Sequence

from meterhouse.platform.postgres import Database
from meterhouse.platform.sql import queries

_SQL = queries("meterhouse.catalog", "features.sql")


class PostgresMeterUse:
    """Joins the transaction in which it is asked."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def group_bys_in_use(self, namespace: str, meter_id: str) -> Mapping[str, Sequence[str]]:
        """Of each live feature on the meter, by its key, the group-by keys that it filters on."""
        with self._database.transaction(namespace) as transaction:
            rows = transaction.fetch_all(_SQL["on_meter"], {"meter_id": meter_id})
        return {row["key"]: sorted(row["filters"]) for row in rows}
