"""What sending needs: one transaction's store, and somebody who carries a message to a channel."""

from collections.abc import Iterable
from datetime import datetime
from typing import Protocol

from meterhouse.notifications.channel import Channel
from meterhouse.notifications.notification import Delivery, Notification
from meterhouse.notifications.outcome import Outcome
from meterhouse.notifications.retries import Health
from meterhouse.notifications.sending import Attempt, Claim, Endpoint


class SendingStore(Protocol):
    def waiting(self, at: datetime, limit: int) -> list[Endpoint]:
        """Channels with messages that are due, and room for one; the longest unserved first, and locked."""

    def lease(self, endpoints: Iterable[Endpoint], most: int, lease: str, at: datetime) -> list[Claim]:
        """The longest waiting messages of each endpoint, as many as it has room for; `most` together."""

    def endpoint(self, channel_id: str) -> Endpoint:
        """The channel as it is now; nobody else changes it until the transaction ends."""

    def locked_delivery(self, notification_id: str, channel_id: str) -> Delivery | None:
        """The delivery as it is now; nobody else changes it until the transaction ends."""

    def settle(self, delivery: Delivery, lease: str) -> bool:
        """Keep what became of a message; False, and nothing is changed: another worker holds it by now."""

    def add_attempt(self, attempt: Attempt) -> None: ...

    def keep_health(self, channel_id: str, health: Health, at: datetime) -> None: ...

    def save_channel(self, channel: Channel) -> None: ...

    def fail_waiting(self, channel_id: str, reason: str, at: datetime) -> None:
        """All that waits for the channel is failed, but for what workers hold."""

    def late(self, before: datetime) -> int:
        """How many channels have messages that were due before then, had no turn since, and do not rest."""


class Sender(Protocol):
    """Carries messages to the channels of one type; called in many threads at once."""

    def send(self, namespace: str, channel: Channel, notification: Notification, at: datetime) -> Outcome:
        """One attempt at `at`, whatever comes of it.

        Raises:
            Unavailable: it was not tried, for something of ours does not answer.
        """
