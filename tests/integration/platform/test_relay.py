"""The relay on a real PostgreSQL: every event at least once, in order, again under the same id after a crash."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest

from meterhouse.kernel.errors import Unavailable
from meterhouse.platform import clock
from meterhouse.platform.outbox import DomainEvent
from meterhouse.platform.postgres import Database
from meterhouse.platform.relay import relay_outbox


class FakeBus:
    """Keeps what it was given; breaks at the calls named in `breaks`, before or after it took the events."""

    def __init__(self, namespace: str, *, refuses: int = 0, crashes_after: int = 0) -> None:
        self.taken: list[str] = []
        self._namespace, self._refuses, self._crashes_after = namespace, refuses, crashes_after
        self._calls = 0

    def put(self, events: Sequence[dict[str, Any]]) -> None:
        if events[0]["namespace"] != self._namespace:
            return
        self._calls += 1
        if self._calls == self._refuses:
            raise Unavailable("the bus refused")
        assert len(events) <= 10
        self.taken += [event["id"] for event in events]
        if self._calls == self._crashes_after:
            raise KeyboardInterrupt


def publish(database: Database, namespace: str, *names: str) -> None:
    with database.transaction(namespace) as transaction:
        transaction.publish(*(DomainEvent(name, "t", f"s/{name}", clock.now(), {"n": name}) for name in names))
        transaction.commit()


def test_what_waits_is_published_once_in_the_order_it_was_written(database: Database, namespace: str) -> None:
    names = [f"{chr(ord('z') - number)}" for number in range(25)]
    publish(database, namespace, *names)
    bus = FakeBus(namespace)
    assert relay_outbox(database, bus) >= 25
    assert bus.taken == names
    relay_outbox(database, bus)
    assert bus.taken == names


def test_a_crash_after_the_bus_took_a_batch_publishes_it_again_under_the_same_ids(
    database: Database, namespace: str
) -> None:
    names = [f"event-{number:02}" for number in range(15)]
    publish(database, namespace, *names)
    bus = FakeBus(namespace, crashes_after=1)
    with pytest.raises(KeyboardInterrupt):
        relay_outbox(database, bus)
    relay_outbox(database, bus)
    assert bus.taken == names[:10] + names


def test_what_the_bus_refused_waits_for_the_next_run(database: Database, namespace: str) -> None:
    names = [f"event-{number:02}" for number in range(15)]
    publish(database, namespace, *names)
    bus = FakeBus(namespace, refuses=2)
    with pytest.raises(Unavailable):
        relay_outbox(database, bus)
    assert bus.taken == names[:10]
    relay_outbox(database, bus)
    assert bus.taken == names


def test_an_event_written_twice_is_published_once(database: Database, namespace: str) -> None:
    publish(database, namespace, "same")
    publish(database, namespace, "same")
    bus = FakeBus(namespace)
    relay_outbox(database, bus)
    publish(database, namespace, "same")
    relay_outbox(database, bus)
    assert bus.taken == ["same"]


def age(database: Database, namespace: str, name: str, days: int) -> None:
    with database.transaction(namespace) as transaction:
        transaction.execute(
            "UPDATE outbox SET published_at = %(at)s WHERE namespace = %(namespace)s AND id = %(id)s",
            {"id": name, "at": clock.now() - timedelta(days=days)},
        )
        transaction.commit()


def test_only_what_was_published_long_ago_is_forgotten(database: Database, namespace: str) -> None:
    publish(database, namespace, "old", "recent")
    relay_outbox(database, FakeBus(namespace))
    age(database, namespace, "old", days=31)
    age(database, namespace, "recent", days=29)
    publish(database, namespace, "waiting")
    with pytest.raises(Unavailable):
        relay_outbox(database, FakeBus(namespace, refuses=1))
    assert remaining(database, namespace) == ["old", "recent", "waiting"]
    relay_outbox(database, FakeBus(namespace))
    assert remaining(database, namespace) == ["recent", "waiting"]


def remaining(database: Database, namespace: str) -> list[str]:
    with database.transaction(namespace) as transaction:
        query = "SELECT id FROM outbox WHERE namespace = %(namespace)s ORDER BY position"
        return [row["id"] for row in transaction.fetch_all(query)]
