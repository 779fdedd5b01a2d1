"""Notifications and their deliveries on the wire, to the contract."""

import json
from collections.abc import Sequence
from datetime import timedelta
from typing import Annotated, Any

from pydantic import Field

from meterhouse.notifications.channel import Channel
from meterhouse.notifications.notification import Delivery, DeliveryState
from meterhouse.notifications.notifications import ShownNotification
from meterhouse.notifications.rule import EventType
from meterhouse.notifications.rule_schema import NotificationChannelMeta, NotificationRule, rule_wire
from meterhouse.notifications.sending import Attempt
from meterhouse.platform.wire import Instant, Ulid, Wire


class EventDeliveryAttemptResponse(Wire):
    """`body` is the beginning of the answer, or, where there was none, the reason."""

    status_code: int | None = None
    body: str
    duration_ms: int
    url: str | None = None


class NotificationEventDeliveryAttempt(Wire):
    state: DeliveryState
    response: EventDeliveryAttemptResponse
    timestamp: Instant


class NotificationEventDeliveryStatus(Wire):
    """`attempts` are the latest, the last one first."""

    state: DeliveryState
    reason: str
    updated_at: Instant
    channel: NotificationChannelMeta
    next_attempt: Instant | None = None
    attempts: list[NotificationEventDeliveryAttempt]


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
        delivery_status=[
            _status(one, shown.channels[one.channel_id], shown.attempts.get(one.channel_id, ()))
            for one in shown.deliveries
        ],
        payload=json.loads(told.payload),
        annotations={"test": True} if told.is_test else None,
    )


def _status(delivery: Delivery, channel: Channel, attempts: Sequence[Attempt]) -> NotificationEventDeliveryStatus:
    return NotificationEventDeliveryStatus(
        state=delivery.state,
        reason=delivery.reason,
        updated_at=delivery.updated_at,
        channel=NotificationChannelMeta(id=channel.id, type=channel.type),
        next_attempt=delivery.next_attempt_at,
        attempts=[_attempt(one) for one in attempts],
    )


def _attempt(attempt: Attempt) -> NotificationEventDeliveryAttempt:
    outcome = attempt.outcome
    return NotificationEventDeliveryAttempt(
        state=DeliveryState.SUCCESS if outcome.succeeded else DeliveryState.FAILED,
        response=EventDeliveryAttemptResponse(
            status_code=outcome.status,
            body=outcome.fault if outcome.status is None else outcome.body,
            duration_ms=outcome.took // timedelta(milliseconds=1),
            url=outcome.url or None,
        ),
        timestamp=attempt.attempted_at,
    )
