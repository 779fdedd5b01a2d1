"""One step of an invoice's own workflow: as far as it goes now, and until when it waits then."""

from typing import Any

from meterhouse.billing.drive_invoice import DriveInvoice
from meterhouse.billing.dunning_settings import dunning_from_environment
from meterhouse.billing.installed_app import AppType
from meterhouse.billing.metered_usage import MeteredUsage
from meterhouse.billing.postgres import PostgresBilling
from meterhouse.metering.clickhouse import ClickHouseUsage
from meterhouse.metering.postgres import PostgresMeters
from meterhouse.payments.installed_apps import InstalledApps
from meterhouse.payments.postgres import PostgresApps, PostgresPayments
from meterhouse.payments.secretsmanager import SecretsManager
from meterhouse.payments.stripe import StripeApps
from meterhouse.payments.stripe_links import StripeLinks
from meterhouse.platform.clickhouse import ClickHouse, ClickHouseSettings
from meterhouse.platform.postgres import Database, PostgresSettings, begins
from meterhouse.platform.task import task, text

database = Database(PostgresSettings.from_environment)
usage_store = ClickHouse(ClickHouseSettings.from_environment)
usage = MeteredUsage(begins(database, PostgresMeters), ClickHouseUsage(usage_store))
stripe = StripeApps(StripeLinks(begins(database, PostgresPayments), database.ended), SecretsManager())
apps = InstalledApps(begins(database, PostgresApps), {AppType.STRIPE: stripe})
drive_invoice = DriveInvoice(begins(database, PostgresBilling), usage, apps, dunning_from_environment())


@task
def handler(event: dict[str, Any]) -> dict[str, Any]:
    """{"namespace", "invoiceId"} -> {"state", "waitsUntil": an instant or null}."""
    return drive_invoice(text(event, "namespace"), text(event, "invoiceId")).document()
