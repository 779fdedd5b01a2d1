"""Sends what is due to channels: new messages when the bus tells of them, later attempts every minute."""

from meterhouse.notifications.channel_secrets import ChannelSecrets
from meterhouse.notifications.deliver import Deliver
from meterhouse.notifications.https import Https
from meterhouse.notifications.local_hosts import local_hosts
from meterhouse.notifications.postgres_sending import PostgresSending
from meterhouse.notifications.senders import Posting, Senders
from meterhouse.notifications.ses import SENDER, Mailing
from meterhouse.notifications.woken import Woken
from meterhouse.platform import clock
from meterhouse.platform.ids import new_id
from meterhouse.platform.namespaces import all_namespaces
from meterhouse.platform.postgres import Database, PostgresSettings, begins
from meterhouse.platform.settings import optional
from meterhouse.platform.task import task

database = Database(PostgresSettings.from_environment)
begin = begins(database, PostgresSending)
senders = Senders(Posting(Https(), ChannelSecrets(), local_hosts()), Mailing(optional(SENDER, "")))
deliver = Deliver(begin, senders, clock.now, new_id)
handler = task(Woken(deliver, begin, lambda: all_namespaces(database), clock.now))
