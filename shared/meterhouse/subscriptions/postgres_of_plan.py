"""A plan's subscriptions, from PostgreSQL."""

from meterhouse.catalog.postgres_plans import PostgresPlans
from meterhouse.platform.postgres_transaction import Transaction
from meterhouse.platform.shared_parts import SharedParts
from meterhouse.platform.sql import queries
from meterhouse.subscriptions.model import Subscription
from meterhouse.subscriptions.of_plan import Subscribed
from meterhouse.subscriptions.postgres import subscription_of

_MATCHING = queries("meterhouse.subscriptions", "of_plan.sql")["matching"]
COUNT = f"SELECT count(*) FROM subscriptions WHERE {_MATCHING}"
PAGE = (
    f"SELECT * FROM subscriptions_in_json WHERE {_MATCHING} ORDER BY active_from, id LIMIT %(limit)s OFFSET %(offset)s"
)


class PostgresSubscribers:
    """`meterhouse.subscriptions.of_plan.Subscribers`."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction
        self.plans = PostgresPlans(transaction)

    def page(self, wanted: Subscribed, limit: int, offset: int) -> tuple[list[Subscription], int]:
        parameters = {
            "plan_key": wanted.plan_key,
            "version": wanted.version,
            "statuses": [status.value for status in wanted.statuses] or None,
            "at": wanted.at,
            "limit": limit,
            "offset": offset,
        }
        count = self._transaction.fetch_one(COUNT, parameters)
        rows, parts = self._transaction.fetch_documents(PAGE, parameters), SharedParts()
        return [subscription_of(row, parts) for row in rows], count["count"] if count else 0
