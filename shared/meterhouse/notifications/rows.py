"""From rows to the nouns, and back."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from decimal import Decimal
from typing import Any, assert_never

from meterhouse.notifications.channel import Channel, ChannelType, Destination, Email, Slack, Webhook
from meterhouse.notifications.notification import About, Delivery, DeliveryState, Notification
from meterhouse.notifications.rule import EventType, FeatureRef, Rule, Threshold, ThresholdType
from meterhouse.platform.postgres_transaction import Row

_CHANNEL = ("id", "name", "disabled", "disabled_reason", "metadata", "created_at", "updated_at", "deleted_at")
_RULE = ("id", "name", "disabled", "metadata", "since", "created_at", "updated_at", "deleted_at")
_NOTIFICATION = ("id", "rule_id", "created_at", "is_test")
_ABOUT = ("feature_id", "feature_key", "subject_id", "subject_key", "customer_id")
_DELIVERY = ("channel_id", "reason", "started_at", "next_attempt_at", "updated_at")


def channel_of(row: Row) -> Channel:
    destination = _destination_of(ChannelType(row["type"]), row["config"])
    return Channel(**{name: row[name] for name in _CHANNEL}, destination=destination)


def channel_values(channel: Channel) -> dict[str, Any]:
    return {
        **{name: getattr(channel, name) for name in _CHANNEL},
        "type": channel.type.value,
        "metadata": _json(channel.metadata),
        "config": json.dumps(asdict(channel.destination)),
    }


def _destination_of(kind: ChannelType, config: Mapping[str, Any]) -> Destination:
    match kind:
        case ChannelType.WEBHOOK:
            return Webhook(config["url"])
        case ChannelType.EMAIL:
            return Email(tuple(config["recipients"]))
        case ChannelType.SLACK:
            return Slack()
        case _:
            assert_never(kind)


def rule_of(row: Row) -> Rule:
    return Rule(
        **{name: row[name] for name in _RULE},
        type=EventType(row["type"]),
        channel_ids=tuple(row["channel_ids"]),
        thresholds=tuple(Threshold(ThresholdType(one["type"]), Decimal(one["value"])) for one in row["thresholds"]),
        features=tuple(FeatureRef(one["id"], one["key"]) for one in row["features"]),
    )


def rule_values(rule: Rule) -> dict[str, Any]:
    return {
        **{name: getattr(rule, name) for name in _RULE},
        "type": rule.type.value,
        "metadata": _json(rule.metadata),
        "channel_ids": list(rule.channel_ids),
        "thresholds": json.dumps([{"type": one.type.value, "value": f"{one.value:f}"} for one in rule.thresholds]),
        "features": json.dumps([asdict(feature) for feature in rule.features]),
    }


def notification_of(row: Row) -> Notification:
    return Notification(
        **{name: row[name] for name in _NOTIFICATION},
        type=EventType(row["type"]),
        payload=row["body"],
        about=About(**{name: row[name] for name in _ABOUT}),
    )


def notification_values(notification: Notification) -> dict[str, Any]:
    return {
        **{name: getattr(notification, name) for name in _NOTIFICATION},
        **asdict(notification.about),
        "type": notification.type.value,
        "payload": notification.payload,
    }


def delivery_of(row: Row) -> Delivery:
    known = {name: row[name] for name in _DELIVERY}
    return Delivery(notification_id=row["event_id"], state=DeliveryState(row["state"]), **known)


def delivery_values(delivery: Delivery) -> dict[str, Any]:
    known = {name: getattr(delivery, name) for name in _DELIVERY}
    return {**known, "event_id": delivery.notification_id, "state": delivery.state.value}


def _json(value: Mapping[str, str] | None) -> str | None:
    return None if value is None else json.dumps(dict(value))
