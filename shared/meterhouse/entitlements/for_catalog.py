"""What the catalog room asks of entitlements, answered from PostgreSQL."""

from collections.abc import Callable, Collection
from datetime import datetime

from meterhouse.platform import clock
from meterhouse.platform.postgres import Database
from meterhouse.platform.sql import queries

_SQL = queries("meterhouse.entitlements", "entitlements.sql")


class EntitledFeatures:
    """`meterhouse.catalog.ports.FeatureUse`: a balance is burnt on when its feature is archived."""

    def __init__(self, database: Database, now: Callable[[], datetime] = clock.now) -> None:
        self._database = database
        self._now = now

    def still_used(self, namespace: str, feature_ids: Collection[str]) -> Collection[str]:
        """Which of these features metered entitlements that are not over measure by; joins the caller's transaction."""
        wanted = {"feature_ids": list(feature_ids), "at": self._now()}
        with self._database.transaction(namespace) as transaction:
            rows = transaction.fetch_all(_SQL["measured_by"], wanted)
        return [row["feature_id"] for row in rows]
