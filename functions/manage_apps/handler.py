"""Apps: the marketplace, what is installed, what apps know of customers, and the calls of custom invoicing."""

from collections.abc import Mapping

from meterhouse.billing.confirm_sync import ConfirmSync
from meterhouse.billing.installed_app import AppType
from meterhouse.billing.postgres import PostgresBilling
from meterhouse.billing.profiles import ProfileService
from meterhouse.billing.record_payment import RecordPayment
from meterhouse.customers.ports import CustomerPorts
from meterhouse.customers.postgres import PostgresCustomers
from meterhouse.customers.service import CustomerService
from meterhouse.payments.api import routes
from meterhouse.payments.apps import AppService
from meterhouse.payments.custom_callbacks import CustomCallbacks
from meterhouse.payments.customer_apps import CustomerAppService
from meterhouse.payments.install_app import InstallApp
from meterhouse.payments.installed_apps import InstalledApps
from meterhouse.payments.ports import Connector
from meterhouse.payments.postgres import PostgresApps, PostgresPayments
from meterhouse.payments.secretsmanager import SecretsManager
from meterhouse.payments.secretsmanager_writer import SecretsManagerWriter
from meterhouse.payments.stripe import StripeApps
from meterhouse.payments.stripe_connector import StripeConnector
from meterhouse.payments.stripe_links import StripeLinks
from meterhouse.payments.stripe_sessions import StripeSessions
from meterhouse.platform.http import http_handler
from meterhouse.platform.postgres import Database, PostgresSettings, begins
from meterhouse.platform.postgres_transaction import Transaction
from meterhouse.subscriptions.for_customers import PostgresCustomerSubscriptions

database = Database(PostgresSettings.from_environment)
billing, payments = begins(database, PostgresBilling), begins(database, PostgresPayments)
installed, secrets = InstalledApps(begins(database, PostgresApps)), SecretsManagerWriter()


def customer_ports(transaction: Transaction) -> CustomerPorts:
    """To find and make customers; nobody is deleted here, so nobody guards them."""
    return CustomerPorts(PostgresCustomers(transaction), PostgresCustomerSubscriptions(transaction), [])


kept = SecretsManager()
stripe = StripeApps(StripeLinks(payments, database.ended), kept)
connectors: Mapping[AppType, Connector] = {AppType.STRIPE: StripeConnector(kept, stripe.refused)}
sessions = StripeSessions(payments, CustomerService(begins(database, customer_ports)), stripe)

handler = http_handler(
    *routes(
        AppService(payments, secrets, connectors),
        InstallApp(payments, ProfileService(billing, installed), secrets, connectors),
        CustomerAppService(payments, connectors),
        CustomCallbacks(billing, installed, ConfirmSync(billing, installed), RecordPayment(billing, installed)),
        sessions,
    ),
    database=database,
)
