from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from meterhouse.entitlements.announce_grants import AnnounceGrants
from meterhouse.entitlements.grant import Recurrence
from meterhouse.entitlements.list_grant_batches import LAG, MOST_BATCHES, GrantBatch, ListGrantBatches, grant_batch_of
from meterhouse.entitlements.postgres import PostgresEntitlements
from meterhouse.entitlements.postgres_announcements import PostgresAnnouncements
from meterhouse.entitlements.usage_period import ManualReset
from meterhouse.kernel.cadence import Cadence
from meterhouse.kernel.errors import InvalidInput, Unavailable
from meterhouse.platform.postgres import Database, PostgresSettings, begins
from tests.integration.entitlements.peril import LosingDatabase, Peril, PerilousDatabase, deaths
from tests.integration.entitlements.room import DAY, T0, Room

HOUR = timedelta(hours=1)
FILLED: dict[str, Any] = {"min_rollover": Decimal(100), "max_rollover": Decimal(100)}


@dataclass
class Herald:
    """Tells of grants run after run, as the workflow does."""

    rooms: list[Room]
    now: datetime = T0 + LAG
    size: int = 2
    most: int = MOST_BATCHES
    broken: set[str] = field(default_factory=set)
    database: Database | None = None
    goes_on: bool = False
    """From where an earlier one came to, instead of `T0`."""

    def __post_init__(self) -> None:
        self.begin = begins(self.database or self.rooms[0].database, PostgresAnnouncements)
        self.announce = AnnounceGrants(self.begin)
        for room in [] if self.goes_on else self.rooms:
            room.write(lambda at: PostgresAnnouncements(at).tell_until(T0))

    def batches(self) -> list[GrantBatch]:
        namespaces = [room.namespace for room in self.rooms]
        return ListGrantBatches(self.begin, lambda: namespaces, lambda: self.now, self.size, self.most)()

    def run(self, after: timedelta = HOUR) -> bool:
        self.now += after
        outcomes = [self._outcome(grant_batch_of(batch.document())) for batch in self.batches()]
        return self.announce.finish(outcomes)

    def _outcome(self, batch: GrantBatch) -> dict[str, Any]:
        if batch.namespace not in self.broken:
            self.announce(batch)
        return {"batch": batch.document(), "complete": batch.namespace not in self.broken}


@pytest.fixture
def room(database: Database, namespace: str) -> Room:
    return Room(database, namespace)


@pytest.fixture
def new_room(database: Database, new_namespace: Callable[[], str]) -> Callable[[], Room]:
    return lambda: Room(database, new_namespace())


def told(room: Room) -> list[tuple[str, str, datetime]]:
    return sorted((row["type"], row["data"]["grantId"], row["occurred_at"]) for row in room.told())


def test_expiry_recurrence_and_issue_after_a_reset_are_told_once(room: Room) -> None:
    entitlement = room.entitled(room.customer())
    expiring = room.granted(entitlement, expires_at=T0 + HOUR, expiration=Cadence.parse("PT1H"))
    daily = room.granted(entitlement, recurrence=Recurrence(Cadence.parse("P1D"), T0))
    filled = room.granted(entitlement, **FILLED)
    herald = Herald([room])

    for _ in range(35):
        assert herald.run(DAY)

    days = [("grant.issued", daily.id, T0 + DAY * n) for n in range(1, 36)]
    month = [("grant.issued", filled.id, T0 + DAY * 31)]
    assert told(room) == sorted([("grant.expired", expiring.id, T0 + HOUR), *days, *month])
    assert {row["data"]["entitlementId"] for row in room.told()} == {entitlement.id}


def test_a_run_that_is_repeated_or_overtaken_tells_nothing_twice(room: Room) -> None:
    room.granted(room.entitled(room.customer()), recurrence=Recurrence(Cadence.parse("PT1H"), T0))
    herald = Herald([room])
    herald.now += 3 * HOUR
    batches = herald.batches()

    for batch in (*batches, *batches):
        herald.announce(batch)
    assert herald.run(HOUR)
    for batch in batches:
        herald.announce(batch)

    assert [at for _, _, at in told(room)] == [T0 + HOUR * n for n in range(1, 5)]


def test_runs_that_were_missed_are_made_up_by_the_next(room: Room) -> None:
    room.granted(room.entitled(room.customer()), recurrence=Recurrence(Cadence.parse("P1D"), T0))
    herald = Herald([room])

    herald.run(10 * DAY)

    assert [at for _, _, at in told(room)] == [T0 + DAY * n for n in range(1, 11)]


def test_a_batch_that_breaks_is_told_by_the_next_run_and_other_namespaces_go_on(
    room: Room, new_room: Callable[[], Room]
) -> None:
    other = new_room()
    for one in (room, other):
        one.granted(one.entitled(one.customer()), recurrence=Recurrence(Cadence.parse("PT1H"), T0))
    herald = Herald([room, other], broken={room.namespace})

    assert not herald.run()
    assert (len(told(room)), len(told(other))) == (0, 1)
    herald.broken.clear()
    assert herald.run()
    assert (len(told(room)), len(told(other))) == (2, 2)


@pytest.fixture
def busy(new_room: Callable[[], Room]) -> Callable[[], Room]:
    """Makes namespaces in which the first hour holds one expiry and three issues, in two batches."""

    def made() -> Room:
        room = new_room()
        entitlement = room.entitled(room.customer())
        room.granted(entitlement, expires_at=T0 + HOUR, expiration=Cadence.parse("PT1H"))
        for _ in range(3):
            room.granted(entitlement, recurrence=Recurrence(Cadence.parse("PT1H"), T0))
        return room

    return made


def made_up(room: Room) -> list[str]:
    """What is told once the next run is over, at the same time as the one before."""
    Herald([room], goes_on=True).run()
    return [kind for kind, _, _ in told(room)]


ONCE = ["grant.expired", "grant.issued", "grant.issued", "grant.issued"]


def test_a_run_killed_at_any_call_is_made_up_by_the_next_and_tells_each_once(
    busy: Callable[[], Room], database_settings: PostgresSettings
) -> None:
    def attempt(peril: Peril) -> None:
        room, database = busy(), PerilousDatabase(database_settings, peril)
        try:
            Herald([room], database=database).run()
        finally:
            database.close()
            assert made_up(room) == ONCE

    assert deaths(attempt) > 15


def test_a_run_that_loses_the_database_before_any_statement_is_made_up_by_the_next(
    busy: Callable[[], Room], database_settings: PostgresSettings, unguarded: Database
) -> None:
    def end_connection(pid: int) -> None:
        unguarded.read("ends", "SELECT pg_terminate_backend(%(pid)s, 5000)", {"pid": pid})

    lost = 0
    while True:
        room, database = busy(), LosingDatabase(database_settings, end_connection, victim=lost + 1)
        try:
            Herald([room], database=database).run()
        except Unavailable:
            lost += 1
            assert made_up(room) == ONCE
        else:
            break
        finally:
            database.close()

    assert [kind for kind, _, _ in told(room)] == ONCE
    assert lost > 10


def test_batches_hold_each_concerned_grant_once(room: Room) -> None:
    entitlement = room.entitled(room.customer())
    room.granted(entitlement)
    concerned = sorted(room.granted(entitlement, **FILLED).id for _ in range(5))
    herald = Herald([room], now=T0 + HOUR)

    edges = [(batch.after_id, batch.up_to_id) for batch in herald.batches()]

    assert edges == [("", concerned[1]), (concerned[1], concerned[3]), (concerned[3], concerned[4])]


@pytest.mark.parametrize(("most", "ends"), [(3, [1, 3, 4]), (2, [3, 4]), (1, [4])])
def test_of_a_namespace_with_more_batches_than_a_run_holds_they_are_wider(
    room: Room, most: int, ends: list[int]
) -> None:
    entitlement = room.entitled(room.customer())
    concerned = sorted(room.granted(entitlement, **FILLED).id for _ in range(5))

    batches = Herald([room], now=T0 + HOUR, most=most).batches()

    assert [batch.up_to_id for batch in batches] == [concerned[end] for end in ends]
    assert [batch.after_id for batch in batches] == ["", *(concerned[end] for end in ends[:-1])]


def test_what_a_run_cannot_hold_is_told_by_the_next_those_first_that_waited_longest(
    busy: Callable[[], Room],
) -> None:
    rooms = [busy() for _ in range(3)]
    herald = Herald(rooms, most=3)

    told_of_each: list[list[int]] = []
    for _ in range(3):
        assert herald.run(timedelta(0) if told_of_each else HOUR)
        told_of_each.append([len(told(room)) for room in rooms])

    assert told_of_each == [[4, 0, 0], [4, 4, 0], [4, 4, 4]]


def test_of_a_namespace_all_is_told_or_nothing_however_much_it_is(busy: Callable[[], Room]) -> None:
    room = busy()

    assert Herald([room], most=1).run()

    assert len(told(room)) == 4


def test_a_namespace_with_nothing_to_tell_is_not_searched_again(room: Room) -> None:
    room.granted(room.entitled(room.customer()))
    herald = Herald([room])

    assert herald.run()

    with herald.begin(room.namespace) as work:
        assert work.store.told_until() == T0 + HOUR


def test_a_reset_by_hand_that_took_effect_before_it_was_asked_for_is_told(room: Room) -> None:
    entitlement = room.entitled(room.customer())
    grant = room.granted(entitlement, **FILLED)
    herald = Herald([room])
    herald.run(DAY)

    reset = ManualReset(T0 + HOUR, T0, preserves_overage=False)
    room.write(lambda at: PostgresEntitlements(at).add_reset(entitlement.id, reset, T0 + DAY + HOUR))
    herald.run(DAY)

    assert told(room) == [("grant.issued", grant.id, T0 + HOUR)]


def test_a_namespace_never_told_of_begins_where_it_was_created(room: Room) -> None:
    with begins(room.database, PostgresAnnouncements)(room.namespace) as work:
        [row] = room.rows("SELECT created_at FROM namespaces WHERE namespace = %(namespace)s")
        assert work.store.told_until() == row["created_at"]


def test_what_is_no_batch_is_refused() -> None:
    with pytest.raises(InvalidInput):
        grant_batch_of({"namespace": "default"})
