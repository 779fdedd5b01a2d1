"""What the catalog room asks of subscriptions, answered from PostgreSQL."""

from collections.abc import Sequence
from datetime import datetime

from meterhouse.kernel.errors import Problem
from meterhouse.platform.postgres import Transaction
from meterhouse.platform.sql import queries

_SQL = queries("meterhouse.subscriptions", "catalog.sql")


class SubscribedFeatures:
    """`meterhouse.catalog.ports.FeatureGuard`: usage is billed by the feature's key, so its feature stays."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def against_archiving(self, feature_key: str, at: datetime) -> Sequence[Problem]:
        found = self._transaction.fetch_all(_SQL["subscribed_to_feature"], {"feature_key": feature_key, "at": at})
        return [
            Problem("", "feature_in_use", f"subscription {row['id']} charges for feature {feature_key!r}")
            for row in found
        ]
