"""Second step of an invoice run, for one batch of customers."""

from typing import Any

from meterhouse.billing.batch import as_of_of, batch_of
from meterhouse.billing.collect_invoices import CollectInvoices
from meterhouse.billing.metered_usage import MeteredUsage
from meterhouse.billing.postgres import PostgresBilling
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
collect_invoices = CollectInvoices(begin, usage)


@task
def handler(event: dict[str, Any]) -> dict[str, Any]:
    """{"asOf", "batch"} -> {"succeeded", "failed": [{"customerId", "reason"}]}."""
    return collect_invoices(batch_of(event, begin), as_of_of(event, clock.now())).document()
