"""What the catalog room asks of billing, answered from PostgreSQL."""

from collections.abc import Callable, Collection
from datetime import datetime

from meterhouse.platform import clock
from meterhouse.platform.postgres import Database
from meterhouse.platform.sql import queries

_SQL = queries("meterhouse.billing", "lines.sql")


class FeaturesToBill:
    """`meterhouse.catalog.ports.FeatureUse`: what was sold is measured until its last usage is on an invoice."""

    def __init__(self, database: Database, now: Callable[[], datetime] = clock.now) -> None:
        self._database = database
        self._now = now

    def still_used(self, namespace: str, feature_ids: Collection[str]) -> Collection[str]:
        """Which of these features usage is, or will be, billed of; joins the caller's transaction."""
        wanted = {"feature_ids": list(feature_ids), "at": self._now()}
        with self._database.transaction(namespace) as transaction:
            rows = transaction.fetch_all(_SQL["features_to_bill"], wanted)
        return [row["feature_id"] for row in rows]
