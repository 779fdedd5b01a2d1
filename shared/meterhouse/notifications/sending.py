"""Messages on their way: what a worker holds, and what it tried. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from meterhouse.notifications.channel import Channel
    from meterhouse.notifications.notification import Delivery, Notification
    from meterhouse.notifications.outcome import Outcome
    from meterhouse.notifications.retries import Health

LEASE = timedelta(minutes=1)
"""How long a worker holds a message: longer than an attempt takes with all around it."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A channel and how it did lately."""

    channel: Channel
    health: Health

    def rests(self, at: datetime) -> bool:
        return self.health.resting_until is not None and self.health.resting_until > at


@dataclass(frozen=True, slots=True)
class Claim:
    """A message that one worker may send until its lease ends.

    Attributes:
        tries: that were made in this round before, and count.
        lease: tells this worker's hold from later ones.
    """

    delivery: Delivery
    notification: Notification
    channel: Channel
    tries: int
    lease: str


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try to deliver a message.

    Attributes:
        counts: whether it was one of the message's own tries, and not a question whether an endpoint is back.
    """

    notification_id: str
    channel_id: str
    lease: str
    attempted_at: datetime
    counts: bool
    outcome: Outcome
