"""What the catalog room asks of entitlements, answered from PostgreSQL."""

from collections.abc import Collection

from meterhouse.platform.postgres import Database
from meterhouse.platform.sql import queries

_SQL = queries("meterhouse.entitlements", "entitlements.sql")


class EntitledFeatures:
    """`meterhouse.catalog.ports.FeatureUse`: a balance is still told, of the past too, once its feature is archived."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def still_used(self, namespace: str, feature_ids: Collection[str]) -> Collection[str]:
        """Which of these features metered entitlements measure by; joins the transaction in which it is asked."""
        with self._database.transaction(namespace) as transaction:
            rows = transaction.fetch_all(_SQL["measured_by"], {"feature_ids": list(feature_ids)})
        return [row["feature_id"] for row in rows]
