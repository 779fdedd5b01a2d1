"""A namespace whose notifications are sent: the real database, a clock that is moved, and credentials at hand."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from meterhouse.notifications.channel import Channel, Credentials, Webhook
from meterhouse.notifications.deliver import Deliver, Tally
from meterhouse.notifications.endpoint import without_target
from meterhouse.notifications.https import Https
from meterhouse.notifications.notification import Delivery, Notification, deliveries_of
from meterhouse.notifications.outcome import Outcome
from meterhouse.notifications.postgres import PostgresNotifications
from meterhouse.notifications.postgres_attempts import PostgresAttempts
from meterhouse.notifications.postgres_sending import PostgresSending
from meterhouse.notifications.retries import Health
from meterhouse.notifications.rule import EventType, Rule
from meterhouse.notifications.senders import Posting, Senders
from meterhouse.notifications.signature import secret_of
from meterhouse.platform.ids import new_id
from meterhouse.platform.postgres import begins
from tests.integration.notifications.receiver import HOST

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from meterhouse.notifications.sending import Attempt
    from meterhouse.notifications.sending_ports import SendingStore
    from meterhouse.platform.postgres import Database
    from meterhouse.platform.postgres_transaction import Row
    from meterhouse.platform.work import Begin
    from tests.integration.notifications.receiver import Receiver

SECRET = secret_of(b"s" * 32)


@dataclass
class PostRoom:
    database: Database
    namespace: str
    now: datetime = datetime(2026, 3, 1, tzinfo=UTC)
    seconds: float = 60
    threads: int = 8
    credentials: dict[str, Credentials] = field(default_factory=dict)
    begin: Begin[SendingStore] = field(init=False)

    def __post_init__(self) -> None:
        self.begin = begins(self.database, PostgresSending)

    def of(self, _namespace: str, channel_id: str) -> Credentials:
        return self.credentials[channel_id]

    def channel(self, url: str, **headers: str) -> Channel:
        made = Channel(new_id(), "hook", Webhook(without_target(url)), self.now, self.now)
        self.credentials[made.id] = Credentials(SECRET, headers=headers, url=url)
        with self.database.transaction(self.namespace) as transaction:
            PostgresNotifications(transaction).channels.add(made)
            transaction.commit()
        return made

    def knows_slow(self, *channels: Channel) -> None:
        """They took three seconds the last time."""
        columns, values = "namespace, channel_id, served_at", "%(namespace)s, %(id)s, %(at)s"
        known = f"INSERT INTO notification_endpoints ({columns}) VALUES ({values})"
        with self.database.transaction(self.namespace) as transaction:
            for one in channels:
                transaction.execute(known, {"id": one.id, "at": self.now})
                PostgresSending(transaction).keep_health(one.id, Health(took=timedelta(seconds=3)), self.now)
            transaction.commit()

    def tell(self, *channels: Channel, count: int = 1) -> list[str]:
        """Notifications by these channels; their ids."""
        told = []
        with self.database.transaction(self.namespace) as transaction:
            store = PostgresNotifications(transaction)
            ids = tuple(channel.id for channel in channels)
            rule = Rule(new_id(), EventType.INVOICE_CREATED, "all", ids, self.now, self.now, self.now)
            store.rules.add(rule)
            for _ in range(count):
                told.append(new_id())
                payload = f'{{"id":"{told[-1]}","data":{{"x":1.50}}}}'
                notification = Notification(told[-1], rule.type, rule.id, self.now, payload)
                store.notifications.add(notification)
                known = {channel.id: channel for channel in channels}
                store.notifications.add_deliveries(deliveries_of(notification, ids, known))
            transaction.commit()
        return told

    def resend(self, *told: str) -> None:
        with self.database.transaction(self.namespace) as transaction:
            store = PostgresNotifications(transaction).notifications
            found = [one for each in store.deliveries(told).values() for one in each]
            store.save_deliveries(one.again(self.now) for one in found)
            transaction.commit()

    def deliver(self, receiver: Receiver, *namespaces: str, begin: Begin[SendingStore] | None = None) -> Tally:
        run = self.sender(receiver, begin)
        return run(namespaces or [self.namespace], self.now + timedelta(seconds=1))

    def sender(self, receiver: Receiver, begin: Begin[SendingStore] | None = None) -> Deliver:
        https = Https(self.seconds, lambda _host, _port: [HOST], lambda: receiver.context)
        senders = Senders(Posting(https, self, [HOST]), lambda _to, _what: Outcome("no mail", timedelta()))
        return Deliver(begin or self.begin, senders, lambda: self.now, new_id, self.threads)

    def at(self, **later: float) -> PostRoom:
        self.now += timedelta(**later)
        return self

    def delivery(self, told: str) -> Delivery:
        with self.database.transaction(self.namespace) as transaction:
            [one] = PostgresNotifications(transaction).notifications.deliveries([told])[told]
        return one

    def attempts(self, told: str) -> Sequence[Attempt]:
        with self.database.transaction(self.namespace) as transaction:
            [made] = PostgresAttempts(transaction).latest([told]).values() or [[]]
        return made

    def channels(self, *channels: Channel) -> list[Channel]:
        with self.database.transaction(self.namespace) as transaction:
            found = PostgresNotifications(transaction).channels.by_ids(one.id for one in channels)
        return [found[one.id] for one in channels]

    def states(self) -> dict[str, int]:
        return {row["state"]: row["n"] for row in self.rows("SELECT state, count(*) AS n", "GROUP BY state")}

    def rows(self, what: str, rest: str = "", table: str = "notification_deliveries") -> list[Row]:
        return self.database.read(self.namespace, f"{what} FROM {table} WHERE namespace = %(namespace)s {rest}")

    def through_time(self, receiver: Receiver, until: datetime, each: Callable[[], None] = lambda: None) -> int:
        """What the schedule does, without the minutes in which nothing is due; how many runs there were."""
        runs = 0
        while True:
            each()
            self.deliver(receiver)
            runs += 1
            [row] = self.rows(
                "SELECT min(greatest(d.next_attempt_at, d.leased_until, e.resting_until)) AS next",
                "AND next_attempt_at IS NOT NULL",
                "notification_deliveries d LEFT JOIN notification_endpoints e USING (namespace, channel_id)",
            )
            if row["next"] is None or row["next"] >= until:
                self.now = until
                return runs
            self.now = max(row["next"], self.now + timedelta(seconds=1))
