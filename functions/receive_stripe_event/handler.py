"""Events that Stripe posts for an app: signed payments of invoices, payment methods that were set up."""

from meterhouse.billing.postgres import PostgresBilling
from meterhouse.billing.record_payment import RecordPayment
from meterhouse.billing.record_refund import RecordRefund
from meterhouse.payments.installed_apps import InstalledApps
from meterhouse.payments.named_app import NamedApps
from meterhouse.payments.postgres import PostgresApps, PostgresPayments
from meterhouse.payments.secretsmanager import SecretsManager
from meterhouse.payments.stripe import StripeApps
from meterhouse.payments.stripe_events import ReceiveStripeEvent
from meterhouse.payments.stripe_events_api import stripe_event_routes
from meterhouse.payments.stripe_links import StripeLinks
from meterhouse.platform.http import http_handler
from meterhouse.platform.postgres import Database, PostgresSettings, begins

database = Database(PostgresSettings.from_environment)
billing = begins(database, PostgresBilling)
record_payment = RecordPayment(billing, InstalledApps(begins(database, PostgresApps)))
apps = StripeApps(StripeLinks(begins(database, PostgresPayments), database.ended), SecretsManager())

receive = ReceiveStripeEvent(NamedApps(database), apps, billing, record_payment, RecordRefund(billing))

handler = http_handler(stripe_event_routes(receive))
