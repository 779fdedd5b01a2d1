"""Notifications: channels, rules, what was told, and sending it once more."""

from meterhouse.notifications.api import routes
from meterhouse.notifications.channel_schema import without_credentials
from meterhouse.notifications.channel_secrets import ChannelSecrets
from meterhouse.notifications.channel_secrets_writer import ChannelSecretsWriter
from meterhouse.notifications.channels import ChannelService
from meterhouse.notifications.local_hosts import local_hosts
from meterhouse.notifications.notifications import NotificationService
from meterhouse.notifications.postgres import PostgresNotifications
from meterhouse.notifications.rules import RuleService
from meterhouse.notifications.try_rule import TryRule
from meterhouse.platform.http import http_handler
from meterhouse.platform.postgres import Database, PostgresSettings, begins

database = Database(PostgresSettings.from_environment)
begin = begins(database, PostgresNotifications)
handler = http_handler(
    *routes(
        ChannelService(begin, ChannelSecrets(), ChannelSecretsWriter(), database.otherwise, local_hosts()),
        RuleService(begin),
        TryRule(begin),
        NotificationService(begin),
    ),
    database=database,
    fit_to_keep=without_credentials,
)
