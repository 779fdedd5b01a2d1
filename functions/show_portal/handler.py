"""What a portal token opens: usage, balances, the plan, invoices and credit of one customer."""

from meterhouse.billing.explain_line import ExplainLine
from meterhouse.billing.metered_usage import MeteredUsage, UsageBehind
from meterhouse.billing.open_lines import OpenLines
from meterhouse.billing.postgres import PostgresBilling
from meterhouse.billing.service import InvoiceService
from meterhouse.entitlements.balances import Balances
from meterhouse.entitlements.check_access import CheckAccess
from meterhouse.entitlements.postgres_standings import PostgresStandings
from meterhouse.entitlements.show_history import ShowHistory
from meterhouse.ledger.postgres import PostgresLedgerStore
from meterhouse.ledger.service import CreditReads
from meterhouse.metering.clickhouse import ClickHouseUsage
from meterhouse.metering.clickhouse_counted_events import ClickHouseCountedEvents
from meterhouse.metering.postgres import PostgresMeters
from meterhouse.metering.postgres_directory import directory_of
from meterhouse.metering.query_usage import QueryUsage
from meterhouse.platform import clock
from meterhouse.platform.clickhouse import ClickHouse, ClickHouseSettings
from meterhouse.platform.http import http_handler
from meterhouse.platform.postgres import Database, PostgresSettings, begins
from meterhouse.platform.postgres_read import glances
from meterhouse.portal.credit_api import portal_credit_routes
from meterhouse.portal.entitlement_api import portal_entitlement_routes
from meterhouse.portal.invoice_api import portal_invoice_routes
from meterhouse.portal.no_apps import NoApps
from meterhouse.portal.postgres import portal_store
from meterhouse.portal.query_portal_meter import QueryPortalMeter
from meterhouse.portal.session_api import session_routes
from meterhouse.portal.show_entitlements import ShowEntitlements
from meterhouse.portal.show_session import ShowSession
from meterhouse.portal.subscription_api import portal_subscription_routes
from meterhouse.portal.usage_api import portal_usage_routes
from meterhouse.subscriptions.postgres import PostgresStore
from meterhouse.subscriptions.service import SubscriptionService

database = Database(PostgresSettings.from_environment)
store = ClickHouse(ClickHouseSettings.from_environment)
usage, seen = ClickHouseUsage(store), begins(database, portal_store)
billing = begins(database, PostgresBilling)
metered = MeteredUsage(begins(database, PostgresMeters), usage)
directory = directory_of(database)
standings = glances(database, PostgresStandings)

handler = http_handler(
    session_routes(ShowSession(seen)),
    portal_usage_routes(QueryPortalMeter(directory, QueryUsage(directory, usage, clock.now))),
    portal_entitlement_routes(
        ShowEntitlements(seen, CheckAccess(standings, Balances(usage)), ShowHistory(standings, usage))
    ),
    portal_subscription_routes(SubscriptionService(begins(database, PostgresStore))),
    portal_invoice_routes(
        InvoiceService(billing, metered, NoApps()),
        ExplainLine(billing, UsageBehind(metered, ClickHouseCountedEvents(store))),
    ),
    portal_credit_routes(CreditReads(begins(database, PostgresLedgerStore), OpenLines(billing, metered))),
)
