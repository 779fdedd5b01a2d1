"""Customers and subjects."""

from meterhouse.billing.postgres import PostgresBillingGuard
from meterhouse.customers.api import routes
from meterhouse.customers.erasure_api import erasure_routes
from meterhouse.customers.erasures import Erasures
from meterhouse.customers.ports import CustomerPorts
from meterhouse.customers.postgres import PostgresCustomers, PostgresSubjects
from meterhouse.customers.postgres_erasures import PostgresErasures
from meterhouse.customers.service import CustomerService
from meterhouse.customers.subjects import SubjectService
from meterhouse.entitlements.for_customers import EntitlementGuard
from meterhouse.platform.http import http_handler
from meterhouse.platform.postgres import Database, PostgresSettings, begins
from meterhouse.platform.postgres_transaction import Transaction
from meterhouse.subscriptions.for_customers import PostgresCustomerSubscriptions, SubscriptionGuard

database = Database(PostgresSettings.from_environment)


def ports(transaction: Transaction) -> CustomerPorts:
    return CustomerPorts(
        PostgresCustomers(transaction),
        PostgresCustomerSubscriptions(transaction),
        [SubscriptionGuard(transaction), EntitlementGuard(transaction), PostgresBillingGuard(transaction)],
    )


customers = CustomerService(begins(database, ports))
subjects = SubjectService(begins(database, PostgresSubjects))
erasures = Erasures(begins(database, PostgresErasures))
handler = http_handler(*routes(customers, subjects), erasure_routes(erasures), database=database)
