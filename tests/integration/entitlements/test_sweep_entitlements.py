from datetime import timedelta

import pytest

from meterhouse.entitlements.grant import Recurrence
from meterhouse.kernel.cadence import Cadence
from meterhouse.platform.postgres import Database, PostgresSettings
from tests.integration.entitlements.peril import Peril, PerilousDatabase, deaths
from tests.integration.entitlements.room import DAY, Room
from tests.integration.entitlements.watch import Watch

HOUR = timedelta(hours=1)


@pytest.fixture
def watch(database: Database, namespace: str) -> Watch:
    return Watch(Room(database, namespace))


def due(watch: Watch) -> list[list[str]]:
    return [row["data"]["entitlementIds"] for row in watch.room.told("entitlement.came_due")]


def pass_time(watch: Watch, length: timedelta) -> None:
    """The schedule and the queue at work for a while."""
    end = watch.now + length
    while watch.now < end:
        watch.now += timedelta(minutes=30)
        known = len(due(watch))
        watch.sweep()
        for ids in due(watch)[known:]:
            watch.deliver(watch.event("entitlement.came_due", {"entitlementIds": ids}))


def test_activation_expiry_recurrence_and_reset_are_evaluated_though_no_event_tells_of_them(watch: Watch) -> None:
    room = watch.room
    mine = room.entitled(room.customer(), active_to=watch.now + 40 * DAY)
    weekly = Recurrence(Cadence.parse("P1W"), watch.now)
    room.granted(mine, effective_at=watch.now + 2 * HOUR, recurrence=weekly)
    room.granted(mine, expires_at=watch.now + 5 * HOUR, expiration=Cadence.parse("PT5H"))
    start = watch.now
    watch.deliver(watch.moved(mine))
    watch.reads.clear()

    evaluated = []
    while watch.now < start + 45 * DAY:
        before = len(watch.reads)
        pass_time(watch, HOUR)
        if len(watch.reads) > before:
            evaluated.append((watch.now - start) // HOUR)

    reset = 26 * 24
    weeks = [7 * 24 * n for n in range(1, 6)]
    assert evaluated == sorted([2, 5, *weeks, reset, 40 * 24])


def test_sweeps_that_were_missed_are_made_up_by_the_next(watch: Watch) -> None:
    mine = watch.room.entitled(watch.room.customer(), active_from=watch.now + HOUR)
    watch.deliver(watch.moved(mine))

    watch.now += 3 * DAY

    assert (watch.sweep(), watch.sweep()) == (1, 0)
    assert due(watch) == [[mine.id]]


def test_what_was_announced_and_never_evaluated_is_announced_again(watch: Watch) -> None:
    mine = watch.room.entitled(watch.room.customer(), active_from=watch.now + HOUR)
    watch.deliver(watch.moved(mine))
    watch.now += HOUR
    watch.sweep()

    watch.now += timedelta(minutes=9)
    assert watch.sweep() == 0
    watch.now += timedelta(minutes=1)
    assert watch.sweep() == 1
    watch.deliver(watch.moved(mine))
    watch.now += DAY
    assert watch.sweep() == 0


def test_many_that_are_due_at_once_are_announced_in_parts(watch: Watch) -> None:
    entitlements = [watch.room.entitled(watch.room.customer(f"customer{n}")) for n in range(130)]
    watch.deliver(watch.moved(*entitlements))
    watch.now += 31 * DAY

    assert watch.sweep() == 130

    assert sorted(map(len, due(watch))) == [30, 100]
    assert {one for part in due(watch) for one in part} == {one.id for one in entitlements}


def test_a_sweep_killed_at_any_call_neither_loses_nor_doubles_what_is_due(
    watch: Watch, database_settings: PostgresSettings
) -> None:
    entitlements = [watch.room.entitled(watch.room.customer(f"customer{n}")) for n in range(3)]

    def sweep(peril: Peril) -> None:
        watch.deliver(watch.moved(*entitlements))
        watch.now += 32 * DAY
        known, database = len(due(watch)), PerilousDatabase(database_settings, peril)
        try:
            watch.sweep(database)
        finally:
            database.close()
            watch.sweep()
            assert [sorted(part) for part in due(watch)[known:]] == [sorted(one.id for one in entitlements)]

    assert deaths(sweep) > 3
