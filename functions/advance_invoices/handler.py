"""Third step of an invoice run, for one batch of customers."""

from typing import Any

from meterhouse.billing.advance_invoices import AdvanceInvoices
from meterhouse.billing.batch import as_of_of, batch_of
from meterhouse.billing.dunning_settings import dunning_from_environment
from meterhouse.billing.postgres import PostgresBilling
from meterhouse.payments.installed_apps import InstalledApps
from meterhouse.payments.postgres import PostgresApps
from meterhouse.platform import clock
from meterhouse.platform.postgres import Database, PostgresSettings, begins
from meterhouse.platform.stepfunctions import StepFunctions
from meterhouse.platform.task import task

database = Database(PostgresSettings.from_environment)
begin = begins(database, PostgresBilling)
apps = InstalledApps(begins(database, PostgresApps))
lifecycles = StepFunctions("INVOICE_LIFECYCLE_WORKFLOW_ARN")
advance_invoices = AdvanceInvoices(begin, apps, lifecycles, dunning_from_environment())


@task
def handler(event: dict[str, Any]) -> dict[str, Any]:
    """{"asOf", "batch"} -> {"succeeded", "failed": [{"customerId", "reason"}]}."""
    return advance_invoices(batch_of(event, begin), as_of_of(event, clock.now())).document()
