"""Rollups: whatever mixture of clean and dirty hours a query meets, it answers what the values say."""

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from meterhouse.metering.aggregation import Aggregation
from meterhouse.metering.clickhouse import _SETTINGS, ClickHouseUsage, _row
from meterhouse.metering.clickhouse_rollup import ClickHouseRollups
from meterhouse.metering.filter import parse_filter
from meterhouse.metering.model import Meter
from meterhouse.metering.roll_up import RollUpUsage
from meterhouse.metering.span import reads_rollups, rollups
from meterhouse.metering.usage import UsageQuery, WindowSize
from meterhouse.metering.usage_sql import usage_sql
from tests.integration.metering.house import T0, House, OwnRollups, call

HOUR = timedelta(hours=1)


def rolled(house: House, query: UsageQuery) -> list[Any]:
    return ClickHouseUsage(house.store).query(house.namespace, query)


def from_values(house: House, query: UsageQuery) -> list[Any]:
    text, parameters = usage_sql(house.namespace, query, None, 10**9)
    return [_row(query, *row) for row in house.store.query(text, parameters, _SETTINGS)]


def stored_hours(house: House, meter: Meter) -> list[Any]:
    return house.store.query(
        "SELECT subject, group_by, total, events FROM usage_rollups FINAL WHERE namespace = {n:String}"
        " AND meter_id = {m:String} AND seconds = 3600 ORDER BY subject, start, group_key",
        {"n": house.namespace, "m": meter.id},
    )


def test_a_rolled_up_hour_holds_its_values_by_subject_and_group(house: House) -> None:
    meter = house.meter()
    house.sink(call("1", 1, region="eu"), call("2", 2, region="eu"), call("3", 4), call("4", 8, subject="bob"))
    assert RollUpUsage(OwnRollups(house))() == 1
    assert stored_hours(house, meter) == [
        ("alice", {"region": "", "tier": ""}, 4, 1),
        ("alice", {"region": "eu", "tier": ""}, 3, 2),
        ("bob", {"region": "", "tier": ""}, 8, 1),
    ]
    assert RollUpUsage(OwnRollups(house))() == 0


def haunt(house: House, window: timedelta) -> None:
    """Beside each rollup of this length stands one that no value gave: who reads the rollups reads 100 more."""
    house.store.command(
        "INSERT INTO usage_rollups (namespace, meter_id, seconds, subject, start, total, events, rolled_at) "
        "SELECT namespace, meter_id, seconds, 'ghost', start, 100, 1, now64(6) FROM usage_rollups "
        "WHERE namespace = {n:String} AND seconds = {seconds:UInt32}",
        {"n": house.namespace, "seconds": int(window.total_seconds())},
    )


def test_the_query_reads_clean_hours_from_the_rollup_and_dirty_ones_from_the_values(house: House) -> None:
    meter = house.meter()
    house.sink(call("1", 1), call("2", 2, T0 + HOUR))
    RollUpUsage(OwnRollups(house))()
    haunt(house, HOUR)
    hourly = UsageQuery(meter, window=WindowSize.HOUR)
    assert [row.value for row in rolled(house, hourly)] == [101, 102]
    house.sink(call("3", 4, T0 + HOUR))
    assert [row.value for row in rolled(house, hourly)] == [101, 6]


def test_no_namespace_waits_behind_another_s_many_hours(house: House) -> None:
    """Marked in 2001, before anything else in the store, and the busy namespace's hours later than the other's."""
    busy, other = f"a-{house.namespace}", f"b-{house.namespace}"
    mark = "INSERT INTO dirty_hours (namespace, meter_id, hour, mark, covered, at) SELECT"
    first = "toDateTime('2001-01-01 00:00:00', 'UTC')"
    house.store.command(f"{mark} '{busy}', 'M', {first} + number * 3600, 'x', 0, {first} + 60 FROM numbers(10)")
    house.store.command(f"{mark} '{other}', 'M', {first} + number * 3600, 'x', 0, {first} + number FROM numbers(2)")
    try:
        found = ClickHouseRollups(house.store).dirty_hours(5)
        assert [dirty.namespace for dirty in found] == [busy] * 3 + [other] * 2
    finally:
        house.store.command(f"DELETE FROM dirty_hours WHERE namespace IN ('{busy}', '{other}')")


def test_an_hour_that_lost_its_events_is_emptied(house: House) -> None:
    meter = house.meter()
    first, second = house.record(call("1", 1)), house.record(call("1", 9, T0 + 3 * HOUR))
    house.sinks()([second])
    RollUpUsage(OwnRollups(house))()
    # an earlier writing of the same identity arrives late: its clock was behind
    house.clock = T0 - HOUR
    house.sinks()([first])
    assert [row.value for row in rolled(house, UsageQuery(meter))] == [1]
    RollUpUsage(OwnRollups(house))()
    assert [row.value for row in rolled(house, UsageQuery(meter))] == [1]
    assert [(value, events) for _, _, value, events in stored_hours(house, meter)] == [(1, 1), (0, 0)]


@pytest.mark.parametrize("step", ["recompute", "cover"])
def test_a_roll_up_killed_on_the_way_leaves_its_hours_dirty(house: House, step: str) -> None:
    meter = house.meter()
    house.sink(call("1", 1))
    rollups = OwnRollups(house)

    def die(_: object) -> None:
        raise RuntimeError("killed")

    setattr(rollups, step, die)
    with pytest.raises(RuntimeError):
        RollUpUsage(rollups)()
    assert [row.value for row in rolled(house, UsageQuery(meter))] == [1]
    assert RollUpUsage(OwnRollups(house))() == 1
    assert [row.value for row in rolled(house, UsageQuery(meter))] == [1]


@pytest.mark.parametrize("step", ["recompute", "cover"])
def test_what_is_stored_during_a_roll_up_is_not_lost(house: House, step: str) -> None:
    meter = house.meter()
    house.sink(call("1", 1))
    rollups = OwnRollups(house)
    real = getattr(rollups, step)

    def overtaken(hours: Any) -> None:
        house.sink(call("2", 2))
        real(hours)

    setattr(rollups, step, overtaken)
    RollUpUsage(rollups)()
    assert [row.value for row in rolled(house, UsageQuery(meter))] == [3]
    assert RollUpUsage(OwnRollups(house))() == 1
    assert [row.value for row in rolled(house, UsageQuery(meter))] == [3]


def test_a_day_is_read_from_the_day_s_rollup_until_an_hour_of_it_is_dirty(house: House) -> None:
    meter = house.meter()
    house.sink(call("1", 1), call("2", 2, T0 + HOUR), call("3", 4, T0 + 30 * HOUR))
    RollUpUsage(OwnRollups(house))()
    haunt(house, 24 * HOUR)
    daily = UsageQuery(meter, window=WindowSize.DAY)
    assert [row.value for row in rolled(house, daily)] == [103, 104]
    house.sink(call("4", 8, T0 + 2 * HOUR))
    assert [row.value for row in rolled(house, daily)] == [11, 104]
    assert [row.value for row in rolled(house, UsageQuery(meter))] == [115]


def queries(meter: Meter) -> list[UsageQuery]:
    day = datetime(2026, 3, 28, tzinfo=UTC)
    periods: list[dict[str, Any]] = [
        {},
        {"from_": day, "to": day + 48 * HOUR},
        {"from_": day + timedelta(minutes=7), "to": day + 30 * HOUR + timedelta(minutes=42)},
        {"from_": day + timedelta(minutes=7), "to": day + timedelta(minutes=8)},
        {"to": day + 20 * HOUR},
    ]
    zones = [ZoneInfo(name) for name in ("UTC", "Europe/Berlin", "Asia/Kolkata", "Australia/Lord_Howe")]
    shapes: list[dict[str, Any]] = [
        {},
        {"group_by": ("subject", "region")},
        {"filters": {"region": parse_filter({"$ne": "eu"})}, "subjects": ("s1", "s2")},
        {"customers": {"s0": "C0", "s3": "C0", "s1": "C1"}, "group_by": ("customer_id",)},
    ]
    windows = [None, *WindowSize]
    combined = product(periods, windows, zones, shapes)
    chosen = random.Random(7).sample(list(combined), 20)  # noqa: S311 - a seeded choice
    return [UsageQuery(meter, window=w, time_zone=z, **p, **s) for p, w, z, s in chosen]


def test_days_answer_beside_values_when_hours_do_not_pay(house: House) -> None:
    meter = house.meter()
    midnight = T0.replace(hour=0, minute=0, second=0, microsecond=0)
    hours = [midnight + n * HOUR for n in range(96)]
    house.sink(*(call(f"early-{n}", 1, at) for n, at in enumerate(hours)))
    RollUpUsage(OwnRollups(house))()
    house.sink(*(call(f"late-{n}", 100, at) for n, at in enumerate(hours) if not 48 <= n < 72))
    query = UsageQuery(meter, from_=midnight + HOUR, to=midnight + 95 * HOUR)
    dirty = [int(at.timestamp()) for n, at in enumerate(hours) if not 48 <= n < 72]
    assert [whole.seconds for whole in rollups(query, dirty)] == [86_400]
    assert [row.value for row in rolled(house, query)] == [94 + 100 * 70]


@pytest.mark.parametrize("aggregation", Aggregation)
def test_rollup_and_values_agree_while_hours_are_dirty_and_clean(house: House, aggregation: Aggregation) -> None:
    draw = random.Random(42)  # noqa: S311 - a seeded choice
    meter = house.meter(aggregation, event_from=datetime(2026, 3, 28, 3, 30, tzinfo=UTC))
    start = datetime(2026, 3, 27, 20, tzinfo=UTC)
    groups: list[dict[str, object]] = [{}, {"region": "eu"}, {"region": "us", "tier": 1}]
    asked = queries(meter)
    assert any(map(reads_rollups, asked))
    assert not all(map(reads_rollups, asked))
    for round_ in range(3):
        house.sink(
            *(
                call(
                    str(draw.randrange(150)),
                    draw.choice([1, "2.5", "0.000000000000000001", "NaN", -3]),
                    start + timedelta(minutes=draw.randrange(60 * 60)),
                    subject=f"s{draw.randrange(4)}",
                    **draw.choice(groups),
                )
                for _ in range(80)
            )
        )
        for query in asked:
            assert rolled(house, query) == from_values(house, query), (round_, query)
        RollUpUsage(OwnRollups(house))()
        for query in asked:
            assert rolled(house, query) == from_values(house, query), (round_, "rolled", query)


def test_a_batch_of_customers_names_very_many_subjects(house: House) -> None:
    """500 customers of 200 subjects each, over clean days, a clean hour and a dirty one."""
    meter = house.meter()
    customers = {f"{number:036}": f"01ARZ3NDEKTSV4RRFFQ69G{number // 200:04}" for number in range(100_000)}
    first, *_, last = customers
    house.sink(call("1", 1, subject=first), call("2", 2, T0 + 30 * HOUR, subject=last))
    RollUpUsage(OwnRollups(house))()
    house.sink(call("3", 4, T0 + 31 * HOUR, subject=last), call("4", 8, subject="nobody"))
    query = UsageQuery(meter, None, T0.replace(minute=0) + 32 * HOUR, customers=customers, group_by=("customer_id",))
    text, _ = usage_sql(house.namespace, query, [], 10)
    assert text.count("UNION ALL") >= 1
    found = {row.customer_id: row.value for row in rolled(house, query)}
    assert found == {customers[first]: 1, customers[last]: 6}


def test_the_rollup_is_really_read(house: House) -> None:
    """With no dirty hour and whole hours asked for, no value is read at all."""
    meter = house.meter()
    query = replace(UsageQuery(meter), from_=T0.replace(minute=0), to=T0.replace(minute=0) + 2 * HOUR)
    text, _ = usage_sql(house.namespace, query, [], 10)
    assert "meter_values" not in text
