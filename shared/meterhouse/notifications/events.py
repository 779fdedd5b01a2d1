"""Domain events of notifications."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from meterhouse.kernel.ids import derived_ulid
from meterhouse.kernel.instant import format_rfc3339
from meterhouse.notifications.channel import Channel
from meterhouse.notifications.notification import Delivery
from meterhouse.notifications.rule import Rule
from meterhouse.platform.outbox import DomainEvent


def deliveries_due(deliveries: Iterable[Delivery]) -> Sequence[DomainEvent]:
    """`notification.due`, one for each message that is to be sent: {notificationId, channelId, startedAt}."""
    return [_due(delivery) for delivery in deliveries if delivery.next_attempt_at is not None]


def _due(delivery: Delivery) -> DomainEvent:
    at = delivery.updated_at
    notification_id, channel_id = delivery.notification_id, delivery.channel_id
    return DomainEvent(
        id=derived_ulid(at, "notification", "due", notification_id, channel_id, format_rfc3339(at)),
        type="notification.due",
        subject=f"notification/{notification_id}",
        occurred_at=at,
        data={
            "notificationId": notification_id,
            "channelId": channel_id,
            "startedAt": format_rfc3339(delivery.started_at),
        },
    )


def channel_event(event_id: str, what: str, channel: Channel, at: datetime) -> DomainEvent:
    """`notification_channel.created`, `.updated`, `.deleted`, `.disabled` (by us)."""
    data = {"channelId": channel.id, "type": channel.type.value}
    kind = f"notification_channel.{what}"
    return DomainEvent(event_id, kind, f"notification_channel/{channel.id}", at, data)


def rule_event(event_id: str, what: str, rule: Rule, at: datetime) -> DomainEvent:
    """`notification_rule.created`, `.updated`, `.deleted`."""
    data = {"ruleId": rule.id, "type": rule.type.value}
    return DomainEvent(event_id, f"notification_rule.{what}", f"notification_rule/{rule.id}", at, data)
