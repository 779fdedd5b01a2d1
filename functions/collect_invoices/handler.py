"""Second step of an invoice run, for one batch of customers."""

from typing import Any

from meterhouse.billing.batch import as_of_of, batch_of
from meterhouse.billing.collect_invoices import CollectInvoices
from meterhouse.billing.metered_usage import MeteredUsage
from meterhouse.billing.open_lines import OpenLines
from meterhouse.billing.postgres import PostgresBilling
from meterhouse.billing.purchases import BilledPurchases
from meterhouse.billing.run_sizes import most_lines_from_environment
from meterhouse.billing.top_up_credits import TopUpCredits
from meterhouse.ledger.postgres import PostgresLedgerStore
from meterhouse.ledger.top_ups import TopUps
from meterhouse.metering.clickhouse import ClickHouseUsage
from meterhouse.metering.postgres import PostgresMeters
from meterhouse.platform import clock
from meterhouse.platform.clickhouse import ClickHouse, ClickHouseSettings
from meterhouse.platform.postgres import Database, PostgresSettings, begins
from meterhouse.platform.task import task

database = Database(PostgresSettings.from_environment)
usage_store = ClickHouse(ClickHouseSettings.from_environment)
begin = begins(database, PostgresBilling)
usage = MeteredUsage(begins(database, PostgresMeters), ClickHouseUsage(usage_store))
collect_invoices = CollectInvoices(begin, usage, most_lines=most_lines_from_environment())
top_ups = TopUps(begins(database, PostgresLedgerStore), OpenLines(begin, usage), purchases=BilledPurchases(begin))
top_up_credits = TopUpCredits(begin, top_ups)


@task
def handler(event: dict[str, Any]) -> dict[str, Any]:
    """{"asOf", "batch", "failed": ids that were not synced} -> {"succeeded", "failed": [{"customerId", "reason"}]}."""
    batch = batch_of(event, begin)
    collected = collect_invoices(batch, as_of_of(event, clock.now()), set(event.get("failed", ())))
    return collected.beside(top_up_credits(batch)).document()
