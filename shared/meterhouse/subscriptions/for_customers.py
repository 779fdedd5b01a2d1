"""What the customers room asks of its customers' subscriptions, answered from PostgreSQL."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from meterhouse.kernel.errors import Problem
from meterhouse.platform.postgres_transaction import Transaction
from meterhouse.platform.sql import queries
from meterhouse.subscriptions.postgres import PostgresSubscriptions
from meterhouse.subscriptions.schema import subscription_to_wire

_SQL = queries("meterhouse.subscriptions", "customers.sql")


class SubscriptionGuard:
    """Keeps a subscribed customer, and whose usage it pays for, as they are."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def against_other_subjects(self, customer_id: str, at: datetime) -> Sequence[Problem]:
        running = self._transaction.fetch_all(_SQL["running"], {"customer_id": customer_id, "at": at})
        return [
            Problem(
                "/usageAttribution/subjectKeys",
                "customer_has_active_subscriptions",
                f"subscription {row['id']} is active: its usage comes from these subjects",
            )
            for row in running
        ]

    def against_other_currency(self, customer_id: str, at: datetime) -> Sequence[Problem]:
        unfinished = self._transaction.fetch_all(_SQL["unfinished"], {"customer_id": customer_id, "at": at})
        return [
            Problem(
                "/currency", "customer_has_active_subscriptions", f"subscription {row['id']} has settled the currency"
            )
            for row in unfinished
        ]

    def against_deletion(self, customer_id: str, at: datetime) -> Sequence[Problem]:
        unfinished = self._transaction.fetch_all(_SQL["unfinished"], {"customer_id": customer_id, "at": at})
        return [
            Problem("", "customer_has_active_subscriptions", f"subscription {row['id']} has not ended")
            for row in unfinished
        ]


class PostgresCustomerSubscriptions:
    """What is shown of a customer's subscriptions beside the customer."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def current(self, customer_ids: Sequence[str], at: datetime) -> Mapping[str, str]:
        """The id of the subscription active at `at`, by customer id."""
        rows = self._transaction.fetch_all(_SQL["current"], {"customer_ids": list(customer_ids), "at": at})
        return {row["customer_id"]: row["id"] for row in rows}

    def documents(self, customer_ids: Sequence[str], at: datetime) -> Mapping[str, Sequence[Mapping[str, Any]]]:
        """The subscriptions by customer id, as the contract shows them at `at`."""
        shown: dict[str, list[Mapping[str, Any]]] = {}
        for subscription in PostgresSubscriptions(self._transaction).of_customers(customer_ids):
            document = subscription_to_wire(subscription, at).model_dump(mode="json", by_alias=True)
            shown.setdefault(subscription.customer_id, []).append(document)
        return shown

    def subscribers(self, plan_key: str, at: datetime) -> Sequence[str]:
        """Ids of the customers with a subscription of this plan active at `at`."""
        return PostgresSubscriptions(self._transaction).subscribers(plan_key, at)
