from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from threading import Event
from time import sleep

import pytest

from meterhouse.entitlements.entitlement import EntitlementType
from meterhouse.entitlements.postgres import PostgresEntitlements
from meterhouse.entitlements.sqs_event import batch_handler
from meterhouse.platform.ids import new_id
from meterhouse.platform.postgres import Database, PostgresSettings
from tests.integration.entitlements.peril import Peril, PerilousDatabase, deaths
from tests.integration.entitlements.room import DAY, T0, Room
from tests.integration.entitlements.watch import Watch, sqs_record


@pytest.fixture
def room(database: Database, namespace: str) -> Room:
    return Room(database, namespace)


@pytest.fixture
def watch(room: Room) -> Watch:
    return Watch(room)


@pytest.fixture
def new_watch(database: Database, new_namespace: Callable[[], str]) -> Callable[[], Watch]:
    return lambda: Watch(Room(database, new_namespace()))


def test_usage_of_a_subject_evaluates_what_its_customer_has_of_the_meter(watch: Watch, room: Room) -> None:
    mine = room.entitled(room.customer("acme", "app"))
    room.entitled(room.customer("other"))
    watch.use(mine, "60")

    assert watch.deliver(watch.ingested("app", room.meter.id), watch.ingested("nobody", room.meter.id)) == []

    assert watch.reads == [[mine.id]]
    [told] = watch.snapshots()
    assert told["subject"] == f"entitlement/{mine.id}"
    assert told["data"] == {
        "entitlementId": mine.id,
        "customerId": mine.customer_id,
        "featureId": room.feature.id,
        "featureKey": "tokens",
        "type": "metered",
        "hasAccess": True,
        "periodStart": "2026-03-01T00:00:00Z",
        "balance": "40",
        "reserved": "0",
        "remaining": "40",
        "usage": "60",
        "overage": "0",
        "totalAvailable": "100",
        "thresholds": [{"type": "usage_percentage", "value": "50"}],
        "at": "2026-03-06T00:00:00Z",
    }


def test_usage_by_another_meter_moves_nothing(watch: Watch, room: Room) -> None:
    room.entitled(room.customer("acme"))

    watch.deliver(watch.ingested("acme", new_id()))

    assert watch.reads == []


def test_a_customer_that_has_other_subjects_has_all_its_entitlements_evaluated(watch: Watch, room: Room) -> None:
    mine = room.entitled(room.customer())

    watch.deliver(watch.event("customer.updated", {"customerId": mine.customer_id}))

    assert watch.reads == [[mine.id]]


def test_however_many_notices_concern_an_entitlement_it_is_evaluated_once(watch: Watch, room: Room) -> None:
    mine = room.entitled(room.customer())
    heard = [
        watch.ingested("acme", room.meter.id),
        watch.moved(mine),
        watch.event("grant.created", {"entitlementId": mine.id}),
    ]

    watch.deliver(*heard * 20)

    assert watch.reads == [[mine.id]]


def test_what_was_evaluated_after_a_message_was_sent_is_not_evaluated_for_it_again(watch: Watch, room: Room) -> None:
    mine, other = (room.entitled(room.customer(key)) for key in ("acme", "beta"))
    sent = watch.now
    watch.now += timedelta(seconds=3)
    watch.deliver(watch.moved(mine))
    late = [sqs_record("1", watch.moved(mine), sent), sqs_record("2", watch.moved(mine, other), sent)]

    assert batch_handler(watch.worker())({"Records": late}) == {"batchItemFailures": []}
    assert watch.reads == [[mine.id], [other.id]]

    assert batch_handler(watch.worker())({"Records": late}) == {"batchItemFailures": []}
    assert watch.reads == [[mine.id], [other.id]]


def test_clocks_that_differ_a_little_lose_nothing(watch: Watch, room: Room) -> None:
    mine = room.entitled(room.customer())
    watch.deliver(watch.moved(mine))
    watch.use(mine, "60")

    behind = sqs_record("1", watch.moved(mine), watch.now - timedelta(seconds=1))
    batch_handler(watch.worker())({"Records": [behind]})

    assert watch.crossed() == [("50", 1)]


def test_each_threshold_passed_is_told_once_and_the_furthest_leads(watch: Watch, room: Room) -> None:
    mine = room.entitled(room.customer())
    watch.use(mine, "80")

    for _ in range(3):
        watch.deliver(watch.moved(mine))
    watch.use(mine, "100")
    watch.deliver(watch.moved(mine))

    told = room.told("entitlement.threshold_crossed")
    assert [(row["data"]["threshold"]["value"], row["data"]["isLeading"]) for row in told] == [
        ("50", False),
        ("75", True),
        ("90", False),
        ("100", True),
    ]
    assert [row["data"]["usage"] for row in told] == ["80", "80", "100", "100"]
    assert len(watch.snapshots()) == 2


def test_falling_back_ends_a_crossing_and_crossing_again_is_the_next_one(watch: Watch, room: Room) -> None:
    mine = room.entitled(room.customer())
    for used, granted in (("60", "100"), ("60", "200"), ("110", "200")):
        watch.use(mine, used, granted)
        watch.now += timedelta(minutes=1)
        watch.deliver(watch.moved(mine))

    assert watch.crossings() == [("usage_percentage:50", 1, False), ("usage_percentage:50", 2, True)]
    assert watch.crossed() == [("50", 1), ("50", 2)]


def test_a_new_usage_period_begins_with_no_threshold_crossed(watch: Watch, room: Room) -> None:
    mine = room.entitled(room.customer())
    watch.use(mine, "60")
    watch.deliver(watch.moved(mine))

    watch.now += 31 * DAY
    watch.deliver(watch.moved(mine))

    assert watch.crossed() == [("50", 1), ("50", 1)]
    assert [row["data"]["periodStart"][:7] for row in watch.snapshots()] == ["2026-03", "2026-04"]


def test_what_is_reserved_lowers_the_balance_told_and_crosses_nothing(watch: Watch, room: Room) -> None:
    mine = room.entitled(room.customer())
    watch.reserved[mine.id] = Decimal(100)

    watch.deliver(watch.moved(mine))

    [told] = watch.snapshots()
    assert (told["data"]["balance"], told["data"]["reserved"], told["data"]["hasAccess"]) == ("0", "100", False)
    assert watch.crossed() == []


def test_an_entitlement_that_ends_is_told_to_give_no_access_and_crosses_nothing_more(watch: Watch, room: Room) -> None:
    mine = room.entitled(room.customer())
    watch.deliver(watch.moved(mine))
    watch.use(mine, "60")

    room.write(lambda at: PostgresEntitlements(at).update(mine.ended(watch.now)))
    watch.deliver(watch.event("entitlement.deleted", {"entitlementId": mine.id}))

    assert [row["data"]["hasAccess"] for row in watch.snapshots()] == [True, False]
    assert watch.crossings() == []


def test_entitlements_that_are_not_metered_tell_of_access_alone(watch: Watch, room: Room) -> None:
    kind = EntitlementType.BOOLEAN
    mine = room.entitled(room.customer(), active_from=watch.now + DAY, type=kind, allowance=None, meter_id=None)

    watch.deliver(watch.event("entitlement.created", {"entitlementId": mine.id}))
    watch.now += DAY
    watch.deliver(watch.moved(mine))

    assert [row["data"]["hasAccess"] for row in watch.snapshots()] == [False, True]
    assert "balance" not in watch.snapshots()[0]["data"]


def test_one_that_cannot_be_evaluated_holds_up_no_other(watch: Watch, room: Room) -> None:
    entitlements = [room.entitled(room.customer(f"customer{n}")) for n in range(5)]
    watch.broken.add(entitlements[2].id)

    wanted_again = watch.deliver(*map(watch.moved, entitlements))

    assert wanted_again == ["2"]
    assert {row["data"]["entitlementId"] for row in watch.snapshots()} == {
        one.id for place, one in enumerate(entitlements) if place != 2
    }


def test_a_message_that_is_no_event_of_ours_is_wanted_again_and_holds_up_no_other(watch: Watch, room: Room) -> None:
    mine = room.entitled(room.customer())

    assert watch.deliver({"detail-type": "grant.created", "detail": {}}, watch.moved(mine)) == ["0"]
    assert len(watch.snapshots()) == 1


def test_a_namespace_is_told_of_its_own_entitlements_alone(new_watch: Callable[[], Watch], watch: Watch) -> None:
    other = new_watch()
    theirs = other.room.entitled(other.room.customer())

    watch.deliver(watch.moved(theirs))

    assert (watch.snapshots(), other.snapshots()) == ([], [])


def test_killed_at_any_call_and_delivered_again_the_worker_tells_each_crossing_once(
    new_watch: Callable[[], Watch], database_settings: PostgresSettings
) -> None:
    def attempt(peril: Peril) -> None:
        watch = new_watch()
        first, second = (watch.room.entitled(watch.room.customer(key)) for key in ("acme", "beta"))
        watch.use(first, "60")
        watch.use(second, "95")
        batch = [watch.ingested("acme", watch.room.meter.id), watch.moved(second), watch.moved(first)]
        database = PerilousDatabase(database_settings, peril)
        try:
            watch.deliver(*batch, worker=watch.worker(database, peril))
        finally:
            database.close()
            assert watch.deliver(*batch) == []
            assert sorted(watch.crossed()) == [("50", 1), ("50", 1), ("75", 1), ("90", 1)]
            assert len(watch.crossings()) == 4
            assert len(watch.snapshots()) == 2

    assert deaths(attempt) > 15


def test_workers_at_the_same_time_tell_each_crossing_once(watch: Watch, database_settings: PostgresSettings) -> None:
    entitlements = [watch.room.entitled(watch.room.customer(f"customer{n}")) for n in range(6)]
    for one in entitlements:
        watch.use(one, "95")

    def work(number: int) -> list[str]:
        own = Database(lambda: database_settings)
        try:
            ordered = entitlements[number:] + entitlements[:number]
            return watch.deliver(*map(watch.moved, ordered), worker=watch.worker(own))
        finally:
            own.close()

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(work, range(4))) == [[], [], [], []]

    assert sorted(watch.crossed()) == sorted([("50", 1), ("75", 1), ("90", 1)] * 6)
    assert len(watch.snapshots()) == 6


def test_an_evaluation_waits_for_one_under_way_and_knows_what_that_one_left(
    watch: Watch, database_settings: PostgresSettings
) -> None:
    mine = watch.room.entitled(watch.room.customer())
    watch.use(mine, "60")
    under_way, go_on = Event(), Event()
    slow = replace(watch, paused=(under_way, go_on))
    later = replace(watch, used={mine.id: Decimal(10)}, granted={mine.id: Decimal(100)})

    def evaluate(one: Watch) -> list[str]:
        own = Database(lambda: database_settings)
        try:
            return one.deliver(one.moved(mine), worker=one.worker(own))
        finally:
            own.close()

    with ThreadPoolExecutor(2) as pool:
        try:
            evaluating = pool.submit(evaluate, slow)
            until(under_way.is_set, evaluating)
            overtaking = pool.submit(evaluate, later)
            until(lambda: watch.room.rows(WAITING) != [], overtaking)
        finally:
            go_on.set()
        assert (evaluating.result(), overtaking.result()) == ([], [])

    assert watch.crossings() == [("usage_percentage:50", 1, False)]
    assert [row["data"]["usage"] for row in watch.snapshots()] == ["60", "10"]


WAITING = "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"


def until(is_so: Callable[[], bool], work: Future[list[str]]) -> None:
    """Return as soon as it is so; fail if the work ends without it."""
    while not is_so():
        assert not work.done(), work.result()
        sleep(0.01)


def test_more_than_a_transaction_takes_are_evaluated_in_several(watch: Watch, room: Room) -> None:
    entitlements = [room.entitled(room.customer(f"customer{n}")) for n in range(60)]

    watch.deliver(watch.moved(*entitlements))

    assert sorted(map(len, watch.reads)) == [10, 50]
    assert len(watch.snapshots()) == 60
    assert watch.now - T0 == 5 * DAY
