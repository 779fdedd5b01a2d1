"""Channels and rules over HTTP, and what the bus tells held against them."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from aws_lambda_powertools.event_handler.api_gateway import Router

from meterhouse.kernel.instant import format_rfc3339
from meterhouse.notifications.api import routes
from meterhouse.notifications.channel_schema import without_credentials
from meterhouse.notifications.channel_secrets import ChannelSecrets
from meterhouse.notifications.channel_secrets_writer import ChannelSecretsWriter
from meterhouse.notifications.channels import ChannelService
from meterhouse.notifications.heard import heard
from meterhouse.notifications.notifications import NotificationService
from meterhouse.notifications.postgres import PostgresActiveRules, PostgresNotifications
from meterhouse.notifications.postgres_balances import PostgresNotices
from meterhouse.notifications.rules import RuleService
from meterhouse.notifications.tell_of_balance import TellOfBalance
from meterhouse.notifications.tell_of_invoice import TellOfInvoice
from meterhouse.notifications.try_rule import TryRule
from meterhouse.platform.http import HttpHandler, http_handler
from meterhouse.platform.postgres import begins
from meterhouse.platform.postgres_transaction import Row
from tests.integration.billing.given import Api

CHANNELS = "/api/v1/notification/channels"
RULES = "/api/v1/notification/rules"
EVENTS = "/api/v1/notification/events"
HALF = [{"type": "usage_percentage", "value": 50}]


class Desk(Api):
    """A caller who watches a namespace."""

    def routers(self) -> Sequence[Router]:
        begin = begins(self.run.database, PostgresNotifications)
        ours = routes(
            ChannelService(begin, ChannelSecrets(), ChannelSecretsWriter(), self.run.database.otherwise, now=self.now),
            RuleService(begin, self.now),
            TryRule(begin, self.now),
            NotificationService(begin, self.now),
        )
        return (*ours, *super().routers())

    def handler(self) -> HttpHandler:
        return http_handler(*self.routers(), database=self.run.database, fit_to_keep=without_credentials)

    def now(self) -> datetime:
        return self.run.now

    def channel(self, **changes: object) -> Any:
        return self.ok("POST", CHANNELS, {"type": "WEBHOOK", "name": "ops", "url": "https://a.test/hook"} | changes)

    def rule(self, kind: str, *channels: Any, **changes: object) -> Any:
        asked = {"type": kind, "name": kind, "channels": [one["id"] for one in channels or [self.channel()]]}
        if kind == "entitlements.balance.threshold":
            asked |= {"thresholds": HALF}
        return self.ok("POST", RULES, asked | changes)

    def events(self, query: str = "") -> list[Any]:
        found: list[Any] = self.ok("GET", EVENTS, query=query)["items"]
        return found

    def hear(self, told: Iterable[Row]) -> None:
        """Hand domain events of the outbox to the function's use cases."""
        database, rules = self.run.database, PostgresActiveRules(self.run.database)
        begin = begins(database, PostgresNotices)
        of_invoice = TellOfInvoice(begin, rules, self.run.directory, self.now)
        hear = heard(TellOfBalance(begin, rules, self.now), of_invoice)
        for row in told:
            at = format_rfc3339(row["occurred_at"])
            hear({"namespace": self.run.namespace, "occurredAt": at} | {k: row[k] for k in ("id", "type", "data")})

    def outbox(self, kind: str) -> list[Row]:
        query = "SELECT id, type, occurred_at, data FROM outbox WHERE type = %(kind)s ORDER BY position"
        with self.run.database.transaction(self.run.namespace) as transaction:
            return transaction.fetch_all(query, {"kind": kind})
