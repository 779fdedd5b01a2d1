"""Channels, rules, notifications and their deliveries in PostgreSQL."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from meterhouse.billing.paging import paged
from meterhouse.billing.ports import PageOf
from meterhouse.catalog.postgres import PostgresFeatures
from meterhouse.notifications.channel import Channel
from meterhouse.notifications.notification import Delivery, Notification
from meterhouse.notifications.ports import ChannelFilter, NotificationFilter, Order, RuleFilter
from meterhouse.notifications.postgres_attempts import PostgresAttempts
from meterhouse.notifications.rows import (
    channel_of,
    channel_values,
    delivery_of,
    delivery_values,
    notification_of,
    notification_values,
    rule_of,
    rule_values,
)
from meterhouse.notifications.rule import EventType, Rule
from meterhouse.platform.postgres import Database
from meterhouse.platform.postgres_transaction import Transaction
from meterhouse.platform.sql import queries

_CHANNELS = queries("meterhouse.notifications", "channels.sql")
_RULES = queries("meterhouse.notifications", "rules.sql")
_NOTIFICATIONS = queries("meterhouse.notifications", "notifications.sql")
_COLUMNS = {Order.ID: "id", Order.TYPE: "type", Order.CREATED_AT: "created_at", Order.UPDATED_AT: "updated_at"}


class PostgresChannels:
    """`meterhouse.notifications.ports.ChannelStore`."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def by_ids(self, channel_ids: Iterable[str]) -> Mapping[str, Channel]:
        rows = self._transaction.fetch_all(_CHANNELS["by_ids"], {"ids": list(channel_ids)})
        return {row["id"]: channel_of(row) for row in rows}

    def page(self, wanted: ChannelFilter, page: PageOf, order: Order) -> tuple[list[Channel], int]:
        asked = {"include_deleted": wanted.include_deleted, "include_disabled": wanted.include_disabled}
        rows, total = paged(self._transaction, _CHANNELS["matching"], asked, page, _COLUMNS[order])
        return [channel_of(row) for row in rows], total

    def add(self, channel: Channel) -> None:
        self._transaction.execute(_CHANNELS["add"], channel_values(channel))

    def save(self, channel: Channel) -> None:
        self._transaction.execute(_CHANNELS["save"], channel_values(channel))


class PostgresRules:
    """`meterhouse.notifications.ports.RuleStore`."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def by_ids(self, rule_ids: Iterable[str]) -> Mapping[str, Rule]:
        rows = self._transaction.fetch_all(_RULES["by_ids"], {"ids": list(rule_ids)})
        return {row["id"]: rule_of(row) for row in rows}

    def of_channel(self, channel_id: str) -> list[str]:
        return [row["id"] for row in self._transaction.fetch_all(_RULES["of_channel"], {"channel_id": channel_id})]

    def page(self, wanted: RuleFilter, page: PageOf, order: Order) -> tuple[list[Rule], int]:
        asked = {
            "include_deleted": wanted.include_deleted,
            "include_disabled": wanted.include_disabled,
            "features": _any_of(wanted.features),
            "channels": _any_of(wanted.channels),
        }
        rows, total = paged(self._transaction, _RULES["matching"], asked, page, _COLUMNS[order])
        return [rule_of(row) for row in rows], total

    def add(self, rule: Rule) -> None:
        self._transaction.execute(_RULES["add"], rule_values(rule))

    def save(self, rule: Rule) -> None:
        self._transaction.execute(_RULES["save"], rule_values(rule))


class PostgresActiveRules:
    """`meterhouse.notifications.ports.ActiveRules`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def of(self, namespace: str, types: Collection[EventType]) -> list[Rule]:
        asked = {"namespace": namespace, "types": [kind.value for kind in types]}
        return [rule_of(row) for row in self._database.read(namespace, _RULES["active"], asked)]


class PostgresNotificationEvents:
    """`meterhouse.notifications.ports.NotificationStore`."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def add(self, notification: Notification) -> bool:
        return self._transaction.execute(_NOTIFICATIONS["add"], notification_values(notification)) > 0

    def by_ids(self, notification_ids: Iterable[str]) -> Mapping[str, Notification]:
        rows = self._transaction.fetch_all(_NOTIFICATIONS["by_ids"], {"ids": list(notification_ids)})
        return {row["id"]: notification_of(row) for row in rows}

    def page(self, wanted: NotificationFilter, page: PageOf, order: Order) -> tuple[list[Notification], int]:
        asked = {
            "since": wanted.since,
            "until": wanted.until,
            "features": _any_of(wanted.features),
            "subjects": _any_of(wanted.subjects),
            "rules": _any_of(wanted.rules),
            "channels": _any_of(wanted.channels),
            "states": _any_of(wanted.states),
        }
        rows, total = paged(self._transaction, _NOTIFICATIONS["matching"], asked, page, _COLUMNS[order])
        found = self.by_ids(row["id"] for row in rows)
        return [found[row["id"]] for row in rows], total

    def deliveries(self, notification_ids: Iterable[str]) -> Mapping[str, Sequence[Delivery]]:
        found: dict[str, list[Delivery]] = defaultdict(list)
        for row in self._transaction.fetch_all(_NOTIFICATIONS["deliveries"], {"ids": list(notification_ids)}):
            found[row["event_id"]].append(delivery_of(row))
        return found

    def locked_delivery(self, notification_id: str, channel_id: str) -> Delivery | None:
        asked = {"event_id": notification_id, "channel_id": channel_id}
        row = self._transaction.fetch_one(_NOTIFICATIONS["locked_delivery"], asked)
        return None if row is None else delivery_of(row)

    def add_deliveries(self, deliveries: Iterable[Delivery]) -> None:
        self._write("add_delivery", deliveries)

    def save_deliveries(self, deliveries: Iterable[Delivery]) -> None:
        self._write("save_delivery", deliveries)

    def forget(self, before: datetime, limit: int) -> int:
        return self._transaction.execute(_NOTIFICATIONS["forget"], {"before": before, "limit": limit})

    def _write(self, query: str, deliveries: Iterable[Delivery]) -> None:
        rows = [delivery_values(delivery) for delivery in deliveries]
        if rows:
            self._transaction.execute_many(_NOTIFICATIONS[query], rows)


class PostgresNotifications:
    """`meterhouse.notifications.rules.RulesStore`."""

    def __init__(self, transaction: Transaction) -> None:
        self.features = PostgresFeatures(transaction)
        self.channels = PostgresChannels(transaction)
        self.rules = PostgresRules(transaction)
        self.notifications = PostgresNotificationEvents(transaction)
        self.attempts = PostgresAttempts(transaction)


def _any_of(values: tuple[str, ...]) -> list[Any] | None:
    """None: not by this."""
    return list(values) or None
