"""One behaviour, two stores: what the simulation runs on answers as ClickHouse does."""

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import count
from typing import Any, cast
from zoneinfo import ZoneInfo

import pytest

from meterhouse.metering.aggregation import Aggregation
from meterhouse.metering.batch import EventBatch, EventKey
from meterhouse.metering.clickhouse import ClickHouseUsage
from meterhouse.metering.clickhouse_rollup import ClickHouseRollups
from meterhouse.metering.clickhouse_sink import ClickHouseSink
from meterhouse.metering.cloud_event import CloudEvent
from meterhouse.metering.filter import parse_filter
from meterhouse.metering.matching import match, read_batch
from meterhouse.metering.model import Meter
from meterhouse.metering.roll_up import DirtyHour, RollUpUsage
from meterhouse.metering.usage import UsageQuery, WindowSize
from meterhouse.platform.clickhouse import ClickHouse
from meterhouse.platform.ids import new_id
from tests.integration.metering.house import T0, House, OwnRollups, call
from tests.simulation.columns.clickhouse import SimulatedClickHouse
from tests.simulation.columns.parts import Parts

HOUR = timedelta(hours=1)
HOUR_OF_T0 = int(T0.timestamp()) // 3600 * 3600


def simulated() -> ClickHouse:
    ticks = count(int(T0.timestamp()) * 1_000_000)
    return cast("ClickHouse", SimulatedClickHouse(Parts(), lambda: next(ticks)))


@pytest.fixture(params=["ClickHouse", "simulated"])
def house(request: pytest.FixtureRequest) -> House:
    store = simulated() if request.param == "simulated" else request.getfixturevalue("usage_store")
    return House(f"u-{new_id().lower()}", store)


def batch_of(
    house: House,
    *events: CloudEvent,
    ingested: datetime = T0,
    stored: datetime = T0,
    partition: int = 0,
    offset: int = 0,
) -> EventBatch:
    batch = EventBatch()
    batch.add(house.namespace, ingested, partition, offset, events)
    batch.store_at(stored)
    return batch


def store(house: House, batch: EventBatch) -> None:
    """Events, values and marks: no look-up of other writings."""
    sink = ClickHouseSink(house.store)
    sink.add_events(batch, [""] * len(batch))
    sink.add_values(batch, read_batch(batch, match(house.of, batch.namespaces)))
    sink.mark_dirty([(house.namespace, meter.id, hour) for meter in house.meters for hour in batch.hours()], new_id())


def values(house: House, query: UsageQuery) -> list[Decimal]:
    return [row.value for row in ClickHouseUsage(house.store).query(house.namespace, query)]


def key_of(house: House, event: CloudEvent, hour: int = HOUR_OF_T0) -> EventKey:
    return EventKey(house.namespace, event.type, event.subject, hour, event.source, event.id)


MIN_PLACE: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"ingested": T0, "partition": 9, "offset": 9}, {"ingested": T0 + timedelta(milliseconds=1)}),
    ({"stored": T0 + HOUR}, {"stored": T0, "offset": 1}),
    ({"partition": 1, "offset": 9}, {"partition": 2, "offset": 0}),
    ({"partition": 1, "offset": 8}, {"partition": 1, "offset": 9}),
]


@pytest.mark.parametrize(("first", "later"), MIN_PLACE)
@pytest.mark.parametrize("swapped", [False, True])
def test_of_two_writings_under_one_key_the_first_counts(house: House, first: Any, later: Any, swapped: bool) -> None:
    meter = house.meter()
    batches = [batch_of(house, call("1", 1), **first), batch_of(house, call("1", 2), **later)]
    for batch in reversed(batches) if swapped else batches:
        store(house, batch)
    assert values(house, UsageQuery(meter)) == [1]


@pytest.mark.parametrize(("first", "later"), MIN_PLACE)
@pytest.mark.parametrize("swapped", [False, True])
def test_of_two_keys_the_later_written_is_told(house: House, first: Any, later: Any, swapped: bool) -> None:
    house.meter()
    one, other = call("1", 1), call("1", 2, subject="bob")
    batches = [batch_of(house, one, **first), batch_of(house, other, **later)]
    for batch in reversed(batches) if swapped else batches:
        store(house, batch)
    for batch in batches:
        [later_key] = ClickHouseSink(house.store).later_writings(batch)
        assert later_key._replace(first=0) == key_of(house, other)


def test_inside_a_record_the_position_decides(house: House) -> None:
    meter = house.meter()
    batch = batch_of(house, call("1", 1), call("1", 2), call("1", 4, T0 + HOUR), call("2", 8))
    store(house, batch)
    [later_key] = ClickHouseSink(house.store).later_writings(batch)
    assert later_key._replace(first=0) == key_of(house, call("1"), HOUR_OF_T0 + 3600)
    assert values(house, UsageQuery(meter)) == [13]


def test_a_superseded_key_is_hidden_but_for_what_was_written_before_the_first_known(house: House) -> None:
    meter = house.meter()
    sink = ClickHouseSink(house.store)
    store(house, batch_of(house, call("1", 1)))
    bobs = batch_of(house, call("1", 2, subject="bob"), offset=1)
    store(house, bobs)
    sink.supersede([(meter.id, key) for key in sink.later_writings(bobs)], T0)
    assert values(house, UsageQuery(meter)) == [1]
    store(house, batch_of(house, call("1", 4, subject="bob"), offset=2))
    assert values(house, UsageQuery(meter)) == [1]
    earlier = batch_of(house, call("1", 8, subject="bob"), ingested=T0 - HOUR, offset=3)
    store(house, earlier)
    sink.supersede([(meter.id, key) for key in sink.later_writings(earlier)], T0)
    assert values(house, UsageQuery(meter)) == [8]


def test_a_redelivery_to_a_sink_whose_clock_is_behind_changes_nothing(house: House) -> None:
    meter = house.meter()
    first, later = house.record(call("1", 1)), house.record(call("1", 2, subject="bob"))
    for record in (first, later):
        house.sinks()([record])
    house.clock = T0 - HOUR
    house.sinks()([later])
    assert values(house, UsageQuery(meter)) == [1]


def test_of_one_writing_the_reading_of_the_latest_revision_counts(house: House) -> None:
    meter = house.meter()
    batch = batch_of(house, call("1", 1, region="eu"))
    house.meters[0] = changed = replace(meter, group_by={"region": "$.region"}, revision=1)
    store(house, batch)
    house.meters[0] = replace(meter, group_by={})
    store(house, batch)
    rows = ClickHouseUsage(house.store).query(house.namespace, UsageQuery(changed, group_by=("region",)))
    assert [(row.value, row.group_by["region"]) for row in rows] == [(Decimal(1), "eu")]


def test_an_earlier_writing_beats_a_later_one_s_revision(house: House) -> None:
    meter = house.meter()
    store(house, batch_of(house, call("1", 1)))
    house.meters[0] = replace(meter, revision=1)
    store(house, batch_of(house, call("1", 2), offset=1))
    assert values(house, UsageQuery(meter)) == [1]


def test_a_row_that_does_not_count_keeps_a_later_one_from_counting(house: House) -> None:
    meter = house.meter()
    store(house, batch_of(house, call("1", "NaN")))
    store(house, batch_of(house, call("1", 2), offset=1))
    assert values(house, UsageQuery(meter)) == []


def test_a_mark_stays_until_it_is_covered_and_no_other(house: House) -> None:
    meter = house.meter()
    sink, rollups = ClickHouseSink(house.store), OwnRollups(house)
    sink.mark_dirty([(house.namespace, meter.id, HOUR_OF_T0)], "a")
    sink.mark_dirty([(house.namespace, meter.id, HOUR_OF_T0), (house.namespace, meter.id, HOUR_OF_T0 + 3600)], "b")
    sink.mark_dirty([(house.namespace, meter.id, HOUR_OF_T0 + 7200)], "erasing somebody")
    [first, second] = rollups.dirty_hours(1_000_000)
    assert (first.hour, sorted(first.marks), second.marks) == (T0.replace(minute=0), ["a", "b"], ("b",))
    rollups.cover([replace(first, marks=("a",)), second])
    house.store.command("OPTIMIZE TABLE dirty_hours FINAL")
    assert rollups.dirty_hours(1_000_000) == [replace(first, marks=("b",))]
    sink.mark_dirty([(house.namespace, meter.id, HOUR_OF_T0)], "a")
    assert rollups.dirty_hours(1_000_000) == [replace(first, marks=("b",))]


def rollup_rows(house: House, seconds: int) -> list[tuple[Any, ...]]:
    return house.store.query(
        "SELECT subject, toUnixTimestamp(start) AS at, group_by, events, total, low, high, latest,"
        " toUnixTimestamp(first_at) AS since, toUnixTimestamp(last_at) AS until"
        " FROM usage_rollups FINAL WHERE namespace = {namespace:String} AND seconds = {seconds:UInt32}"
        " ORDER BY subject, at, total, group_key",
        {"namespace": house.namespace, "seconds": seconds},
    )


def test_hours_and_days_are_computed_anew_and_emptied(house: House) -> None:
    meter = house.meter(group_by={"region": "$.region"})
    day = int(T0.timestamp()) // 86_400 * 86_400
    house.sink(call("1", 1, region="eu"), call("2", 4, region="eu"), call("3", 2, T0 + HOUR, region="us"))
    RollUpUsage(OwnRollups(house))()
    at, later = int(T0.timestamp()), int(T0.timestamp()) + 3600
    eu, us = {"region": "eu"}, {"region": "us"}
    assert rollup_rows(house, 3600) == [
        ("alice", HOUR_OF_T0, eu, 2, 5, 1, 4, 4, at, at),
        ("alice", HOUR_OF_T0 + 3600, us, 1, 2, 2, 2, 2, later, later),
    ]
    assert [row[:5] for row in rollup_rows(house, 86_400)] == [("alice", day, us, 1, 2), ("alice", day, eu, 2, 5)]
    ClickHouseSink(house.store).supersede([(meter.id, key_of(house, call("3"), HOUR_OF_T0 + 3600))], T0)
    again = [DirtyHour(house.namespace, meter.id, T0.replace(minute=0) + HOUR, ("m",))]
    ClickHouseRollups(house.store).recompute(again)
    assert [row[2:5] for row in rollup_rows(house, 3600)] == [(eu, 2, 5), (us, 0, 0)]
    assert [row[2:5] for row in rollup_rows(house, 86_400)] == [(us, 0, 0), (eu, 2, 5)]
    ClickHouseRollups(house.store).recompute(again)
    assert [row[2:5] for row in rollup_rows(house, 86_400)] == [(us, 0, 0), (eu, 2, 5)]


def asked(meter: Meter, draw: random.Random) -> list[UsageQuery]:
    day = datetime(2026, 3, 28, tzinfo=UTC)
    zones = [ZoneInfo(name) for name in ("UTC", "Europe/Berlin", "Asia/Kolkata", "America/St_Johns")]
    periods: list[dict[str, Any]] = [
        {},
        {"from_": day, "to": day + 48 * HOUR},
        {"from_": day + timedelta(minutes=7), "to": day + 30 * HOUR + timedelta(minutes=42)},
        {"to": day + 20 * HOUR},
        {"accepted_before": T0 + timedelta(seconds=2)},
    ]
    shapes: list[dict[str, Any]] = [
        {},
        {"group_by": ("subject", "region")},
        {"filters": {"region": parse_filter({"$or": [{"$ilike": "E%"}, {"$eq": ""}]})}, "subjects": ("s1", "s2")},
        {"customers": {"s0": "C0", "s3": "C0", "s1": "C1"}, "group_by": ("customer_id", "tier")},
    ]
    return [
        UsageQuery(
            meter,
            window=draw.choice([None, *WindowSize]),
            time_zone=draw.choice(zones),
            **period,
            **draw.choice(shapes),
        )
        for period in periods
        for _ in range(2)
    ]


@pytest.mark.parametrize("aggregation", Aggregation)
def test_both_stores_answer_every_query_alike(usage_store: ClickHouse, aggregation: Aggregation) -> None:
    """Batches, duplicates, roll ups and merges in lockstep."""
    draw = random.Random(aggregation)  # noqa: S311 - a seeded choice
    name = f"u-{new_id().lower()}"
    real, fake = House(name, usage_store), House(name, simulated())
    meter = real.meter(aggregation, event_from=datetime(2026, 3, 28, 3, 30, tzinfo=UTC))
    fake.meters = real.meters
    start = datetime(2026, 3, 27, 20, tzinfo=UTC)
    groups: list[dict[str, object]] = [{}, {"region": "eu"}, {"region": "us", "tier": 1}]
    for step in range(3):
        events = [
            call(
                str(draw.randrange(40)),
                draw.choice([1, "2.5", "0.000000000000000001", "99999999999999999999.9", "NaN", -3]),
                start + timedelta(minutes=draw.randrange(60 * 60), microseconds=number),
                subject=f"s{draw.randrange(4)}",
                **draw.choice(groups),
            )
            for number in range(30)
        ]
        for house in (real, fake):
            house.sink(*events)
            if step:
                RollUpUsage(OwnRollups(house))()
        fake.store.command("OPTIMIZE TABLE meter_values FINAL")
        for query in asked(meter, draw):
            answers = [ClickHouseUsage(house.store).query(name, query) for house in (real, fake)]
            assert answers[0] == answers[1], query
        assert rollup_rows(real, 3600) == rollup_rows(fake, 3600)
        assert rollup_rows(real, 86_400) == rollup_rows(fake, 86_400)
