"""What the customers room asks of its customers' entitlements, answered from PostgreSQL."""

from collections.abc import Sequence
from datetime import datetime

from meterhouse.kernel.errors import Problem
from meterhouse.platform.postgres_transaction import Transaction
from meterhouse.platform.sql import queries

_SQL = queries("meterhouse.entitlements", "entitlements.sql")


class EntitlementGuard:
    """`meterhouse.customers.ports.CustomerGuard`: who is entitled to something stays.

    Its subjects may change: a balance counts the usage of the customer's present ones.
    """

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def against_other_subjects(self, _customer_id: str, _at: datetime, /) -> Sequence[Problem]:
        return ()

    def against_other_currency(self, _customer_id: str, _at: datetime, /) -> Sequence[Problem]:
        return ()

    def against_deletion(self, customer_id: str, at: datetime, /) -> Sequence[Problem]:
        """Entitlements that are active, or still to be."""
        wanted = {"customer_id": customer_id, "at": at}
        return [
            Problem(
                "",
                "customer_has_active_entitlements",
                f"entitlement {row['id']} for feature {row['feature_key']!r} has not ended",
            )
            for row in self._transaction.fetch_all(_SQL["not_over_of_customer"], wanted)
        ]
