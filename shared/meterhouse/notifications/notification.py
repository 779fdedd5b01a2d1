"""Notification events and their deliveries: what was told, to whom, and how far it got. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from meterhouse.notifications.channel import Channel
from meterhouse.notifications.rule import EventType

CLOSED = "the channel is disabled or deleted"


class DeliveryState(StrEnum):
    PENDING = "PENDING"
    """Not tried yet."""
    SENDING = "SENDING"
    """Tried, and to be tried again."""
    SUCCESS = "SUCCESS"
    FAILED = "FAILED"
    RESENDING = "RESENDING"
    """Somebody asked for it once more."""

    @property
    def is_final(self) -> bool:
        return self in (DeliveryState.SUCCESS, DeliveryState.FAILED)


@dataclass(frozen=True, slots=True)
class About:
    """Whom a notification concerns; what lists are filtered by."""

    feature_id: str | None = None
    feature_key: str | None = None
    subject_id: str | None = None
    subject_key: str | None = None
    customer_id: str | None = None


@dataclass(frozen=True, slots=True)
class Notification:
    """One notification event. It never changes.

    Attributes:
        id: derived, so that what is found again is told once; also the id of the messages that carry it.
        payload: the body of those messages, a JSON document, byte for byte.
    """

    id: str
    type: EventType
    rule_id: str
    created_at: datetime
    payload: str
    about: About = About()
    is_test: bool = False


@dataclass(frozen=True, slots=True)
class Delivery:
    """The way of a notification to one channel.

    Attributes:
        reason: why it is in this state; "" where that says it all.
        started_at: when this round of attempts began: when it was told, or when it was to be resent.
        next_attempt_at: when it is tried next; None: no more.
    """

    notification_id: str
    channel_id: str
    state: DeliveryState
    started_at: datetime
    next_attempt_at: datetime | None
    updated_at: datetime
    reason: str = ""

    def again(self, at: datetime) -> "Delivery":
        """Sent once more from `at` on; what is still under way is tried at once."""
        if not self.state.is_final:
            return replace(self, next_attempt_at=at, updated_at=at)
        return replace(self, state=DeliveryState.RESENDING, started_at=at, next_attempt_at=at, updated_at=at, reason="")

    def kept_for(self, asked: "Delivery", claimed: "Delivery") -> "Delivery":
        """This is what an attempt makes of a delivery that was `claimed`, and which may be `asked` for again since.

        A message that was taken answers the wish; one that was not begins anew, as it was asked for.
        """
        if asked == claimed or self.state is DeliveryState.SUCCESS:
            return self
        at = asked.updated_at
        return replace(self, state=DeliveryState.RESENDING, started_at=at, next_attempt_at=at)


def deliveries_of(
    notification: Notification, channel_ids: Iterable[str], channels: Mapping[str, Channel]
) -> Sequence[Delivery]:
    """One for each channel; to a closed one nothing is sent, and that is told."""
    return [_delivery(notification, channels[channel_id]) for channel_id in channel_ids]


def _delivery(notification: Notification, channel: Channel) -> Delivery:
    at = notification.created_at
    if channel.is_open:
        return Delivery(notification.id, channel.id, DeliveryState.PENDING, at, at, at)
    return Delivery(notification.id, channel.id, DeliveryState.FAILED, at, None, at, CLOSED)
