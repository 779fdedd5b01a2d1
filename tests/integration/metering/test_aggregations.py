"""Seven ways to make one number of many events, each exact, from values and from rollups alike."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from meterhouse.metering.aggregation import Aggregation
from meterhouse.metering.clickhouse import ClickHouseUsage
from meterhouse.metering.model import Meter, MeterChange
from meterhouse.metering.roll_up import RollUpUsage
from meterhouse.metering.usage import UsageQuery, WindowSize
from tests.integration.metering.house import T0, House, OwnRollups, call

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
EVENTS = (
    call("1", "0.1", T0),
    call("2", "0.2", T0 + timedelta(microseconds=1), subject="bob"),
    call("3", -7, T0 + HOUR),
    call("4", "100000000000000000.000000000000000001", T0 + 2 * DAY),
    call("5", -7, T0 + 2 * DAY),
    call("6", "NaN", T0 + 3 * DAY),
)
"""Two values alike, digits that no double holds, and one that only COUNT and UNIQUE_COUNT can read."""


def values(house: House, query: UsageQuery) -> list[Decimal]:
    return [row.value for row in ClickHouseUsage(house.store).query(house.namespace, query)]


@pytest.mark.parametrize(
    ("aggregation", "whole", "by_day"),
    [
        ("SUM", "99999999999999986.300000000000000001", ["-6.7", "99999999999999993.000000000000000001"]),
        ("COUNT", "6", ["3", "2", "1"]),
        ("AVG", "19999999999999997.26", ["-2.233333333333333333", "49999999999999996.500000000000000000"]),
        ("MIN", "-7", ["-7", "-7"]),
        ("MAX", "100000000000000000.000000000000000001", ["0.2", "100000000000000000.000000000000000001"]),
        ("LATEST", "-7", ["-7", "-7"]),
        ("UNIQUE_COUNT", "5", ["3", "2", "1"]),
    ],
)
@pytest.mark.parametrize("rolled_up", [False, True])
def test_each_aggregation_is_exact(
    house: House, aggregation: str, whole: str, by_day: list[str], rolled_up: bool
) -> None:
    meter = house.meter(Aggregation(aggregation))
    house.sink(*EVENTS[3:])
    house.sink(*EVENTS[:3], EVENTS[0])
    if rolled_up:
        RollUpUsage(OwnRollups(house))()
    assert values(house, UsageQuery(meter)) == [Decimal(whole)]
    assert values(house, UsageQuery(meter, window=WindowSize.DAY)) == list(map(Decimal, by_day))


@pytest.mark.parametrize("rolled_up", [False, True])
def test_of_two_latest_values_at_one_instant_the_one_written_later_stands(house: House, rolled_up: bool) -> None:
    meter = house.meter(Aggregation.LATEST)
    for number in (3, 1, 2):
        house.sink(call(str(number), number, T0))
        if rolled_up:
            RollUpUsage(OwnRollups(house))()
    house.sink(call("0", 9, T0 - HOUR))
    assert values(house, UsageQuery(meter)) == [2]


def test_a_text_is_counted_once_over_all_subjects_and_hours(house: House) -> None:
    meter = house.meter(Aggregation.UNIQUE_COUNT)
    house.sink(
        call("1", "a"), call("2", "a", T0 + 30 * HOUR, subject="bob"), call("3", ""), call("4", 1), call("5", "1")
    )
    RollUpUsage(OwnRollups(house))()
    house.sink(call("6", "b", T0 + HOUR))
    assert values(house, UsageQuery(meter)) == [4]
    assert values(house, UsageQuery(meter, group_by=("subject",))) == [4, 1]


def test_averages_over_customers_weigh_every_event_alike(house: House) -> None:
    meter = house.meter(Aggregation.AVG)
    house.sink(call("1", 1), call("2", 1), call("3", 4, subject="bob"))
    query = UsageQuery(meter, customers={"alice": "C", "bob": "C"}, group_by=("customer_id",))
    assert values(house, query) == [2]


def test_usage_of_the_first_hour_there_is_counts(house: House) -> None:
    meter = house.meter()
    house.sink(call("1", 5, datetime(1970, 1, 1, tzinfo=UTC)))
    assert values(house, UsageQuery(meter)) == [5]
    RollUpUsage(OwnRollups(house))()
    assert values(house, UsageQuery(meter)) == [5]


def test_the_reading_of_the_meter_s_latest_revision_counts_whoever_writes_it_last(house: House) -> None:
    before = house.meter()
    after = before.changed(MeterChange(group_by={"region": "$.value"}), T0)
    record = house.record(call("1", 5, region="eu"))

    def sunk(meter: Meter) -> None:
        house.meters[:] = [meter]
        house.clock = T0
        house.sinks()([record])

    for revision in (after, before):
        sunk(revision)
        RollUpUsage(OwnRollups(house))()
    query: dict[str, Any] = {"group_by": ("region",)}
    found = ClickHouseUsage(house.store).query(house.namespace, UsageQuery(after, **query))
    assert [(row.value, row.group_by) for row in found] == [(Decimal(5), {"region": "5"})]


def test_the_sink_tells_whose_usage_changed(house: House) -> None:
    miles, calls = house.meter(), house.meter(Aggregation.COUNT)
    house.sink(call("1", 1), call("2", 2), call("3", 3, subject="bob"))
    [(usage, _, at)] = house.notices
    expected = {(house.namespace, who, meter.id) for who in ("alice", "bob") for meter in (miles, calls)}
    assert (set(usage), len(usage), at) == (expected, 4, house.clock)
