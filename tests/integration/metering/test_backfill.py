"""Earlier events, read by a later meter on the real stores: the numbers of a meter that had been there before them."""

from datetime import timedelta
from typing import Any

import pytest

from meterhouse.kernel.errors import NotFound, Unavailable
from meterhouse.metering.aggregation import Aggregation
from meterhouse.metering.backfill import BackfillStatus
from meterhouse.metering.clickhouse_sink import ClickHouseSink
from meterhouse.metering.roll_up import RollUpUsage
from meterhouse.platform.clickhouse import ClickHouse
from meterhouse.platform.postgres import Database
from tests.integration.metering.backfilled import FAR, BackfilledHouse, hours_after
from tests.integration.metering.house import T0, OwnRollups, call

STEPS = ["add_values", "later_writings", "supersede", "mark_dirty"]


@pytest.fixture
def house(usage_store: ClickHouse, database: Database, namespace: str) -> BackfilledHouse:
    return BackfilledHouse(namespace, usage_store, database=database)


def sink_all_kinds(house: BackfilledHouse) -> None:
    """Ten events over days and subjects; some come twice, at another time, of another subject or with other data."""
    for number in range(10):
        at, subject = hours_after(number * 7), ("alice", "bob", "carol")[number % 3]
        house.sink(call(str(number), number + 1, at, subject, region="eu" if number % 2 else "us"))
    house.sink(call("0", 500, hours_after(30)), call("1", 600, hours_after(7), "dave"), call("3", 700, hours_after(21)))
    house.sink(call("nan", "many"))
    house.sink(call("nan", 99))


class Killed(ClickHouseSink):
    """Dies right after, or before, one of its writings, once."""

    def __init__(self, house: BackfilledHouse, step: str, *, after: bool) -> None:
        super().__init__(house.store)
        real = getattr(super(), step)

        def die(*arguments: Any) -> Any:
            setattr(self, step, real)
            if after:
                real(*arguments)
            raise Unavailable("killed")

        setattr(self, step, die)


def test_a_later_meter_has_the_numbers_of_one_that_was_there_before_the_events(house: BackfilledHouse) -> None:
    early = house.create("early", group_by={"region": "$.region"})
    sink_all_kinds(house)
    late = house.create("late", group_by={"region": "$.region"})
    assert house.usage(late) == {}
    house.backfill(late)
    assert house.usage(late) == house.usage(early) == {"": 55}
    assert house.usage(late, "region", "subject") == house.usage(early, "region", "subject")


@pytest.mark.parametrize("aggregation", Aggregation)
def test_every_aggregation_sees_earlier_events(house: BackfilledHouse, aggregation: Aggregation) -> None:
    of = {"aggregation": aggregation, "value_property": "$.value" if aggregation.reads_value else None}
    early = house.create("early", **of)
    sink_all_kinds(house)
    late = house.create("late", **of)
    house.backfill(late)
    assert house.usage(late, "subject") == house.usage(early, "subject") != {}


def test_a_backfill_again_writes_the_same_rows(house: BackfilledHouse) -> None:
    sink_all_kinds(house)
    meter = house.create()
    house.backfill(meter)
    before = house.values(meter)
    with house.database.transaction(house.namespace) as transaction:
        transaction.execute("UPDATE meter_backfills SET status = 'running', cursor = NULL")
        transaction.commit()
    house.backfill(meter)
    assert house.values(meter) == before


def test_events_of_other_types_and_namespaces_are_left_alone(house: BackfilledHouse, usage_store: ClickHouse) -> None:
    other = BackfilledHouse(f"{house.namespace}-b", usage_store, database=house.database)
    other.sink(call("1", 5))
    foreign = call("1", 7)
    foreign.type = "other"
    house.sink(foreign, call("2", 3))
    meter = house.create()
    house.backfill(meter)
    assert house.usage(meter) == {"": 3}
    assert [reading[2] for usage, _, _ in house.notices for reading in usage] == [meter.id]


def test_a_meter_without_earlier_events_is_complete_at_once(house: BackfilledHouse) -> None:
    meter = house.create()
    assert house.progress(meter).status is BackfillStatus.PENDING
    house.backfill(meter)
    assert house.values(meter) == []
    done = house.progress(meter)
    assert (done.status, done.read_events, done.total_events) == (BackfillStatus.COMPLETE, 0, 0)
    assert done.started_at == done.finished_at is not None


def test_progress_is_told_page_by_page_and_goes_on_where_it_ended(house: BackfilledHouse) -> None:
    house.sink(*(call(str(n), at=hours_after(n * 24)) for n in range(5)))
    meter = house.create()
    run = house.run(meter)
    told = []
    while not house.backfills()(run, until=T0):
        progress = house.progress(meter)
        told.append((progress.status, progress.read_events, progress.total_events))
    assert told == [(BackfillStatus.RUNNING, read, 5) for read in (2, 4, 5)]
    assert house.progress(meter).status is BackfillStatus.COMPLETE
    assert house.usage(meter) == {"": 5}


def test_pages_cut_days_subjects_and_hours_anywhere(house: BackfilledHouse) -> None:
    early = house.create("early")
    house.sink(*(call(f"{n:02}", n, hours_after(n // 5), f"subject {n // 10}") for n in range(40)))
    late = house.create("late")
    for page_events in (1, 3, 7):
        assert house.backfills(page_events=page_events)(house.run(late), FAR)
        assert house.progress(late).read_events == 40
        assert house.usage(late, "subject") == house.usage(early, "subject")
        late = house.regroup(late, size=f"$.s{page_events}")


def test_a_page_of_large_events_ends_early(house: BackfilledHouse) -> None:
    house.sink(*(call(str(n), 1, text="x" * 1000) for n in range(5)))
    meter = house.create()
    run, backfills = house.run(meter), house.backfills(page_events=100, page_bytes=1500)
    assert not backfills(run, until=T0)
    assert house.progress(meter).read_events == 2
    assert backfills(run, until=FAR)
    assert house.usage(meter) == {"": 5}


def test_events_sunk_between_pages_count_once(house: BackfilledHouse) -> None:
    early = house.create("early")
    sink_all_kinds(house)
    late = house.create("late")

    def meanwhile(page: int) -> None:
        house.sink(call(f"new {page}", 1000, hours_after(page)), call("5", 9999, hours_after(page - 3)))

    house.backfill(late, meanwhile)
    assert house.usage(late, "subject") == house.usage(early, "subject")
    assert house.usage(late)[""] >= 1055


def test_a_sink_that_read_the_meters_too_early_leaves_its_events_to_the_backfill(house: BackfilledHouse) -> None:
    """It ends only after the backfill did: what it writes then is nothing of this meter."""
    late = []

    class Stalled(ClickHouseSink):
        def add_values(self, batch: Any, readings: Any) -> None:
            meter = house.create()
            house.backfill(meter)
            late.append(meter)
            super().add_values(batch, readings)

    house.sinks(Stalled(house.store))([house.record(call("1", 4), call("2", 5))])
    assert house.usage(late[0]) == {"": 9}


def test_a_sink_that_stored_an_earlier_writing_late_wins_over_the_backfill(house: BackfilledHouse) -> None:
    """It took its instant before another sink stored the identity elsewhere, and stores after the backfill's page."""
    first, second = house.record(call("1", 10)), house.record(call("1", 99, hours_after(50)))
    made: list[Any] = []

    class Overtaken(ClickHouseSink):
        def add_events(self, batch: Any, faults: Any) -> None:
            house.sinks()([second])
            made.append(house.create())
            house.backfill(made[0], lambda _: super(Overtaken, self).add_events(batch, faults))

    house.sinks(Overtaken(house.store))([first])
    assert house.usage(made[0]) == {"": 10}


def test_late_duplicates_change_nothing(house: BackfilledHouse) -> None:
    sink_all_kinds(house)
    meter = house.create()
    house.backfill(meter, lambda page: house.sink(call("4", 4444, hours_after(28)), call("7", 1, hours_after(-page))))
    house.sink(call("0", 1000), call("1", 1000, hours_after(100)))
    assert house.usage(meter) == {"": 55}


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("step", STEPS)
def test_a_run_killed_between_its_writings_changes_no_number(house: BackfilledHouse, step: str, after: bool) -> None:
    sink_all_kinds(house)
    meter = house.create()
    killed = house.backfills(store=Killed(house, step, after=after))
    with pytest.raises(Unavailable):
        killed(house.run(meter), FAR)
    house.backfill(meter)
    assert house.usage(meter) == {"": 55}
    assert house.progress(meter).read_events == house.progress(meter).total_events


def test_two_runs_at_once_count_every_event_once(house: BackfilledHouse) -> None:
    sink_all_kinds(house)
    meter = house.create()
    entered: list[int] = []

    def meanwhile(page: int) -> None:
        if page % 2 == 0 and not entered:
            entered.append(page)
            house.backfills()(house.run(meter), T0)

    house.backfill(meter, meanwhile)
    progress = house.progress(meter)
    assert entered
    assert house.usage(meter) == {"": 55}
    assert (progress.status, progress.read_events) == (BackfillStatus.COMPLETE, progress.total_events)
    keys = "SELECT uniqExact(subject, hour, source, id) FROM events WHERE namespace = {ns:String}"
    assert house.store.query(keys, {"ns": house.namespace}) == [(progress.read_events,)]


def test_an_added_group_by_groups_earlier_events_and_a_removed_one_no_longer_does(house: BackfilledHouse) -> None:
    meter = house.create(group_by={"tier": "$.tier"})
    house.backfill(meter)
    sink_all_kinds(house)
    RollUpUsage(OwnRollups(house))()
    changed = house.regroup(meter, region="$.region")
    house.backfill(changed)
    assert house.usage(changed, "region") == {"us": 25, "eu": 30}
    assert house.usage(changed) == {"": 55}
    RollUpUsage(OwnRollups(house))()
    assert house.usage(changed, "region") == {"us": 25, "eu": 30}
    groups = "SELECT DISTINCT arrayJoin(mapKeys(group_by)) FROM meter_values FINAL WHERE meter_id = {id:String}"
    assert house.store.query(groups, {"id": meter.id}) == [("region",)]


def test_of_a_meter_changed_twice_while_it_is_backfilled_the_last_reading_stands(house: BackfilledHouse) -> None:
    sink_all_kinds(house)
    first = house.create()
    changes: list[Any] = []

    def meanwhile(page: int) -> None:
        if page < 2:
            changes.append(house.regroup(first, **{("size", "region")[page]: ("$.size", "$.region")[page]}))

    house.backfill(first, meanwhile)
    last = changes[-1] if len(changes) == 2 else house.regroup(first, region="$.region")
    assert house.progress(last).status is BackfillStatus.PENDING
    house.backfill(last)
    house.backfill(first)
    assert house.usage(last, "region") == {"us": 25, "eu": 30}
    assert house.progress(last).revision == last.revision == 2


def test_a_change_that_reads_no_other_needs_no_backfill(house: BackfilledHouse) -> None:
    meter = house.create()
    house.backfill(meter)
    assert house.regroup(meter).revision == meter.revision
    assert house.progress(meter).status is BackfillStatus.COMPLETE


def test_a_meter_deleted_meanwhile_is_read_to_the_end_for_its_history_is_billed(house: BackfilledHouse) -> None:
    sink_all_kinds(house)
    meter = house.create()

    def meanwhile(page: int) -> None:
        if page == 0:
            house.service.delete(house.namespace, meter.id)

    house.backfill(meter, meanwhile)
    assert house.usage(meter) == {"": 55}


def test_a_failed_backfill_tells_so_and_goes_on_when_it_is_run_again(house: BackfilledHouse) -> None:
    house.sink(call("1"), call("2", at=T0 + timedelta(days=1)), call("3", at=T0 + timedelta(days=2)))
    meter = house.create()
    house.backfills()(house.run(meter), T0)
    house.backfills().fail(house.run(meter), "Unavailable")
    failed = house.progress(meter)
    assert (failed.status, failed.problem, failed.read_events) == (BackfillStatus.FAILED, "Unavailable", 2)
    house.backfill(meter)
    assert house.progress(meter).problem is None
    assert house.usage(meter) == {"": 3}
    house.backfills().fail(house.run(meter), "late")
    assert house.progress(meter).status is BackfillStatus.COMPLETE


def test_no_meter_has_no_backfill(house: BackfilledHouse) -> None:
    with pytest.raises(NotFound):
        house.service.backfill(house.namespace, "nothing")
    meter = house.create()
    foreign = BackfilledHouse(f"{house.namespace}-b", house.store, database=house.database)
    with pytest.raises(NotFound):
        foreign.backfills()(foreign.run(meter), FAR)
