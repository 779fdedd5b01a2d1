"""What the margin report asks of invoices, answered from PostgreSQL."""

from datetime import datetime

from meterhouse.llmcost.margin import Of, Revenue
from meterhouse.platform.postgres import Database
from meterhouse.platform.sql import queries

_SQL = queries("meterhouse.billing", "lines.sql")


class InvoicedRevenues:
    """`meterhouse.llmcost.report_margins.Revenues`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def __call__(self, namespace: str, from_: datetime, to: datetime) -> list[Revenue]:
        """What issued invoices charge for services that begin in `[from_, to)`, by customer and feature."""
        with self._database.transaction(namespace) as transaction:
            rows = transaction.fetch_all(_SQL["revenue"], {"from": from_, "to": to})
        return [Revenue(Of(row["customer_id"], row["feature_key"]), row["currency"], row["amount"]) for row in rows]
