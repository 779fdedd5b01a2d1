"""Messages that are to be sent, in PostgreSQL: leased and settled."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from meterhouse.kernel.errors import InvariantBroken
from meterhouse.notifications.channel import Channel
from meterhouse.notifications.notification import Delivery
from meterhouse.notifications.postgres import PostgresChannels, PostgresNotificationEvents
from meterhouse.notifications.retries import MOST_AT_ONCE, Health
from meterhouse.notifications.rows import channel_of, delivery_of, delivery_values
from meterhouse.notifications.sending import LEASE, Attempt, Claim, Endpoint
from meterhouse.platform.postgres_transaction import Row, Transaction
from meterhouse.platform.sql import queries

_SQL = queries("meterhouse.notifications", "sending.sql")
_MILLISECOND = timedelta(milliseconds=1)


class PostgresSending:
    """`meterhouse.notifications.sending_ports.SendingStore`."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction
        self._channels = PostgresChannels(transaction)
        self._notifications = PostgresNotificationEvents(transaction)

    def waiting(self, at: datetime, limit: int) -> list[Endpoint]:
        rows = self._transaction.fetch_all(_SQL["waiting"], {"at": at, "limit": limit, "most_at_once": MOST_AT_ONCE})
        return [_endpoint_of(row) for row in rows]

    def lease(self, endpoints: Iterable[Endpoint], most: int, lease: str, at: datetime) -> list[Claim]:
        asked = [(one.channel.id, one.health.at_once, one.rests(at)) for one in endpoints]
        if not asked:
            return []
        channels, at_once, resting = zip(*asked, strict=True)
        wanted = {"channels": list(channels), "at_once": list(at_once), "resting": list(resting), "most": most}
        held = {"lease": lease, "at": at, "until": at + LEASE}
        rows = self._transaction.fetch_all(_SQL["lease"], wanted | held)
        served = sorted({row["channel_id"] for row in rows})
        self._transaction.execute(_SQL["serve"], {"channels": served, "at": at})
        found = self._notifications.by_ids(row["event_id"] for row in rows)
        known = self._channels.by_ids(channels)
        return [
            Claim(delivery_of(row), found[row["event_id"]], known[row["channel_id"]], row["tries"], lease)
            for row in sorted(rows, key=lambda row: (row["next_attempt_at"], row["event_id"]))
        ]

    def endpoint(self, channel_id: str) -> Endpoint:
        row = self._transaction.fetch_one(_SQL["channel"], {"channel_id": channel_id})
        if row is None:
            raise InvariantBroken(f"a delivery's channel {channel_id} is not there")
        return _endpoint_of(row)

    def locked_delivery(self, notification_id: str, channel_id: str) -> Delivery | None:
        return self._notifications.locked_delivery(notification_id, channel_id)

    def settle(self, delivery: Delivery, lease: str) -> bool:
        return self._transaction.execute(_SQL["settle"], delivery_values(delivery) | {"lease": lease}) > 0

    def add_attempt(self, attempt: Attempt) -> None:
        outcome = attempt.outcome
        values = {
            "event_id": attempt.notification_id,
            "channel_id": attempt.channel_id,
            "lease": attempt.lease,
            "attempted_at": attempt.attempted_at,
            "counts": attempt.counts,
            "fault": outcome.fault,
            "status": outcome.status,
            "body": outcome.body,
            "url": outcome.url,
            "took_ms": outcome.took // _MILLISECOND,
        }
        self._transaction.execute(_SQL["add_attempt"], values)

    def keep_health(self, channel_id: str, health: Health, at: datetime) -> None:
        values = {
            "channel_id": channel_id,
            "at": at,
            "failing_since": health.failing_since,
            "failures": health.failures,
            "resting_until": health.resting_until,
            "took_ms": health.took // _MILLISECOND,
            "at_once": health.at_once,
        }
        self._transaction.execute(_SQL["keep_health"], values)

    def save_channel(self, channel: Channel) -> None:
        self._channels.save(channel)

    def fail_waiting(self, channel_id: str, reason: str, at: datetime) -> None:
        self._transaction.execute(_SQL["fail_waiting"], {"channel_id": channel_id, "reason": reason, "at": at})

    def late(self, before: datetime) -> int:
        row = self._transaction.fetch_one(_SQL["late"], {"before": before})
        return 0 if row is None else int(row["late"])


def _endpoint_of(row: Row) -> Endpoint:
    """A channel that was changed since its last attempt begins anew: what failed may be mended."""
    channel = channel_of(row)
    attempted_at = row["attempted_at"]
    if attempted_at is None or channel.updated_at > attempted_at:
        return Endpoint(channel, Health())
    took = row["took_ms"] * _MILLISECOND
    return Endpoint(channel, Health(row["failing_since"], row["failures"], row["resting_until"], took))
