"""The relay on a real PostgreSQL: every event at least once, in order, again under the same id after a crash."""

from collections.abc import Callable, Collection, Sequence
from datetime import timedelta
from typing import Any

import pytest

from meterhouse.kernel.errors import Unavailable
from meterhouse.platform import clock
from meterhouse.platform.outbox import DomainEvent
from meterhouse.platform.postgres import Database
from meterhouse.platform.relay import relay_outbox


class FakeBus:
    """Keeps what it was given; may not answer a call, be killed after one, refuse events or choke on them."""

    def __init__(
        self,
        namespace: str,
        *,
        fails: int = 0,
        crashes_after: int = 0,
        refused: Collection[str] = (),
        poison: Collection[str] = (),
    ) -> None:
        self.taken: list[str] = []
        self._namespace, self._fails, self._crashes_after = namespace, fails, crashes_after
        self._refused, self._poison = refused, poison
        self._calls = 0

    def put(self, events: Sequence[dict[str, Any]]) -> Collection[str]:
        if events[0]["namespace"] != self._namespace:
            return ()
        ids = [event["id"] for event in events]
        self._calls += 1
        if self._calls == self._fails or not set(self._poison).isdisjoint(ids):
            raise Unavailable("the bus does not answer")
        self.taken += [one for one in ids if one not in self._refused]
        if self._calls == self._crashes_after:
            raise KeyboardInterrupt
        return [one for one in ids if one in self._refused]


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


def test_what_the_bus_did_not_answer_for_waits_for_the_next_run(database: Database, namespace: str) -> None:
    names = [f"event-{number:02}" for number in range(15)]
    publish(database, namespace, *names)
    bus = FakeBus(namespace, fails=2)
    with pytest.raises(Unavailable):
        relay_outbox(database, bus)
    assert bus.taken == names[:10]
    relay_outbox(database, bus)
    assert bus.taken == names


def test_an_event_that_the_bus_refuses_waits_and_blocks_nobody(database: Database, namespace: str) -> None:
    names = [f"event-{number:02}" for number in range(25)]
    publish(database, namespace, *names)
    bus = FakeBus(namespace, refused=[names[3]])
    for _ in range(2):
        with pytest.raises(Unavailable, match="refused 1 event"):
            relay_outbox(database, bus)
        assert bus.taken == names[:3] + names[4:]
    assert remaining(database, namespace, waiting=True) == [names[3]]
    mended = FakeBus(namespace)
    relay_outbox(database, mended)
    assert (mended.taken, remaining(database, namespace, waiting=True)) == ([names[3]], [])


def test_events_that_no_call_with_them_is_answered_for_block_nobody_for_long(
    database: Database, namespace: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # thirty walks over the namespaces of all tests before this one would take minutes
    monkeypatch.setattr("meterhouse.platform.relay.all_namespaces", lambda _: [namespace])
    names = [f"event-{number:02}" for number in range(45)]
    publish(database, namespace, *names)
    poison = [names[3], *names[10:20]]
    bus = FakeBus(namespace, poison=poison)
    for _ in range(30):
        publish(database, namespace, new := f"new-{len(names)}")
        names.append(new)
        with pytest.raises(Unavailable):
            relay_outbox(database, bus)
    assert sorted(bus.taken) == sorted(set(names) - set(poison))
    assert remaining(database, namespace, waiting=True) == poison


def test_a_namespace_whose_events_are_refused_keeps_no_other_waiting(
    database: Database, new_namespace: Callable[[], str]
) -> None:
    first, second = sorted(new_namespace() for _ in range(2))
    for namespace in (first, second):
        publish(database, namespace, f"of {namespace}")
    with pytest.raises(Unavailable):
        relay_outbox(database, FakeBus(first, fails=1))
    assert remaining(database, first, waiting=True) == [f"of {first}"]
    assert remaining(database, second, waiting=True) == []
    relay_outbox(database, FakeBus(first))


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
        relay_outbox(database, FakeBus(namespace, fails=1))
    assert remaining(database, namespace) == ["old", "recent", "waiting"]
    relay_outbox(database, FakeBus(namespace))
    assert remaining(database, namespace) == ["recent", "waiting"]


def remaining(database: Database, namespace: str, *, waiting: bool = False) -> list[str]:
    with database.transaction(namespace) as transaction:
        condition = "AND published_at IS NULL" if waiting else ""
        query = f"SELECT id FROM outbox WHERE namespace = %(namespace)s {condition} ORDER BY position"
        return [row["id"] for row in transaction.fetch_all(query)]
