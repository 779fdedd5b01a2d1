"""Billing profiles, who is invoiced on which, and invoices."""

from meterhouse.billing.act_on_invoice import InvoiceActions
from meterhouse.billing.api import routes
from meterhouse.billing.compare_invoices import CompareInvoices
from meterhouse.billing.credit_notes import CreditNoteService
from meterhouse.billing.edit_invoice import EditInvoice
from meterhouse.billing.explain_api import explain_routes
from meterhouse.billing.explain_line import ExplainLine
from meterhouse.billing.findings import FindingService
from meterhouse.billing.installed_app import AppType
from meterhouse.billing.invoice_pending_lines import InvoicePendingLines
from meterhouse.billing.manual_lines import ManualLines
from meterhouse.billing.metered_usage import MeteredUsage, UsageBehind
from meterhouse.billing.overrides import OverrideService
from meterhouse.billing.postgres import PostgresBilling
from meterhouse.billing.profiles import ProfileService
from meterhouse.billing.service import InvoiceService
from meterhouse.billing.verify_invoice import VerifyInvoice
from meterhouse.metering.clickhouse import ClickHouseUsage
from meterhouse.metering.clickhouse_counted_events import ClickHouseCountedEvents
from meterhouse.metering.postgres import PostgresMeters
from meterhouse.payments.installed_apps import InstalledApps
from meterhouse.payments.postgres import PostgresApps, PostgresPayments
from meterhouse.payments.secretsmanager import SecretsManager
from meterhouse.payments.stripe import StripeApps
from meterhouse.payments.stripe_links import StripeLinks
from meterhouse.platform.clickhouse import ClickHouse, ClickHouseSettings
from meterhouse.platform.http import http_handler
from meterhouse.platform.postgres import Database, PostgresSettings, begins

database = Database(PostgresSettings.from_environment)
usage_store = ClickHouse(ClickHouseSettings.from_environment)
begin = begins(database, PostgresBilling)
usage = MeteredUsage(begins(database, PostgresMeters), ClickHouseUsage(usage_store))
behind = UsageBehind(usage, ClickHouseCountedEvents(usage_store))
stripe = StripeApps(StripeLinks(begins(database, PostgresPayments), database.ended), SecretsManager())
apps = InstalledApps(begins(database, PostgresApps), {AppType.STRIPE: stripe})
invoices = InvoiceService(begin, usage, apps)

handler = http_handler(
    *routes(
        ProfileService(begin, apps),
        OverrideService(begin, apps),
        ManualLines(begin, usage),
        invoices,
        InvoiceActions(begin, usage, apps, afterwards=database.afterwards, otherwise=database.otherwise),
        InvoicePendingLines(begin, usage, apps, afterwards=database.afterwards),
        EditInvoice(begin, usage, apps, afterwards=database.afterwards),
        CreditNoteService(begin, apps, afterwards=database.afterwards),
        FindingService(begin),
    ),
    explain_routes(ExplainLine(begin, behind), VerifyInvoice(begin, usage), CompareInvoices(invoices)),
    database=database,
)
