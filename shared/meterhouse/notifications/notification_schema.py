"""Notifications and their deliveries on the wire, to the contract."""

import json
from typing import Annotated, Any

from pydantic import Field

from meterhouse.notifications.channel import Channel
from meterhouse.notifications.notification import Delivery, DeliveryState
from meterhouse.notifications.notifications import ShownNotification
from meterhouse.notifications.rule import EventType
from meterhouse.notifications.rule_schema import NotificationChannelMeta, NotificationRule, rule_wire
from meterhouse.platform.wire import Instant, Ulid, Wire


class NotificationEventDeliveryStatus(Wire):
    state: DeliveryState
    reason: str
    updated_at: Instant
    channel: NotificationChannelMeta
    next_attempt: Instant | None = None


class NotificationEvent(Wire):
    """`payload` is what the messages carry; `annotations` mark what was made by trying a rule out."""

    id: Ulid
    type: EventType
    created_at: Instant
    rule: NotificationRule
    delivery_status: list[NotificationEventDeliveryStatus]
    payload: dict[str, Any]
    annotations: dict[str, Any] | None = None


class NotificationEventResendRequest(Wire):
    channels: Annotated[list[Ulid], Field(max_length=100)] | None = None


def notification_wire(shown: ShownNotification) -> NotificationEvent:
    told = shown.notification
    return NotificationEvent(
        id=told.id,
        type=told.type,
        created_at=told.created_at,
        rule=rule_wire(shown.rule),
        delivery_status=[_status(one, shown.channels[one.channel_id]) for one in shown.deliveries],
        payload=json.loads(told.payload),
        annotations={"test": True} if told.is_test else None,
    )


def _status(delivery: Delivery, channel: Channel) -> NotificationEventDeliveryStatus:
    return NotificationEventDeliveryStatus(
        state=delivery.state,
        reason=delivery.reason,
        updated_at=delivery.updated_at,
        channel=NotificationChannelMeta(id=channel.id, type=channel.type),
        next_attempt=delivery.next_attempt_at,
    )
