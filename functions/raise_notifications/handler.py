"""Holds notification rules against new balances and against what becomes of invoices, fed by a queue."""

from meterhouse.notifications.heard import heard
from meterhouse.notifications.postgres import PostgresActiveRules
from meterhouse.notifications.postgres_balances import PostgresNotices
from meterhouse.notifications.tell_of_balance import TellOfBalance
from meterhouse.notifications.tell_of_invoice import TellOfInvoice
from meterhouse.payments.installed_apps import InstalledApps
from meterhouse.payments.postgres import PostgresApps
from meterhouse.platform import clock
from meterhouse.platform.postgres import Database, PostgresSettings, begins
from meterhouse.platform.sqs import each_detail
from meterhouse.platform.task import task

database = Database(PostgresSettings.from_environment)
begin, rules = begins(database, PostgresNotices), PostgresActiveRules(database)
apps = InstalledApps(begins(database, PostgresApps))
hear = heard(TellOfBalance(begin, rules, clock.now), TellOfInvoice(begin, rules, apps, clock.now))
handler = task(each_detail(hear))
