"""Events that arrive long after their usage occurred, or before it: they count when it occurred, and nowhere else."""

from datetime import timedelta

import pytest

from meterhouse.metering.aggregation import Aggregation
from meterhouse.metering.clickhouse import ClickHouseUsage
from meterhouse.metering.event import EARLIEST, LATEST
from meterhouse.metering.model import Meter
from meterhouse.metering.roll_up import RollUpUsage
from meterhouse.metering.usage import UsageQuery, WindowSize
from tests.integration.metering.house import T0, House, OwnRollups, call

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def by_day(house: House, meter: Meter) -> dict[str, int]:
    rows = ClickHouseUsage(house.store).query(house.namespace, UsageQuery(meter, window=WindowSize.DAY))
    return {f"{row.window_start:%Y-%m-%d}": int(row.value) for row in rows}


@pytest.mark.parametrize("late", [2 * HOUR, 40 * DAY, T0 - EARLIEST])
def test_a_late_event_counts_in_its_own_day_though_that_was_rolled_up_long_ago(house: House, late: timedelta) -> None:
    meter = house.meter()
    then = T0 - late
    house.sink(call("on time", 1, then), call("now", 2, T0 + DAY))
    RollUpUsage(OwnRollups(house))()
    expected = {f"{then:%Y-%m-%d}": 5, f"{T0 + DAY:%Y-%m-%d}": 2}
    house.sink(call("late", 4, then))
    assert by_day(house, meter) == expected
    RollUpUsage(OwnRollups(house))()
    house.sink(call("late", 9, T0 + DAY), call("on time", 9, then))
    assert by_day(house, meter) == expected


@pytest.mark.parametrize("ahead", [HOUR, 400 * DAY, LATEST - T0 - timedelta(microseconds=1)])
def test_an_event_of_the_future_counts_when_it_will_have_occurred(house: House, ahead: timedelta) -> None:
    meter, latest = house.meter(), house.meter(Aggregation.LATEST)
    house.sink(call("now", 1), call("ahead", 4, T0 + ahead))
    expected = {f"{T0:%Y-%m-%d}": 1, f"{T0 + ahead:%Y-%m-%d}": 4} if ahead > DAY else {f"{T0:%Y-%m-%d}": 5}
    for _ in range(2):
        assert by_day(house, meter) == expected
        up_to_now = UsageQuery(meter, to=T0 + timedelta(minutes=1))
        assert [row.value for row in ClickHouseUsage(house.store).query(house.namespace, up_to_now)] == [1]
        assert [row.value for row in ClickHouseUsage(house.store).query(house.namespace, UsageQuery(latest))] == [4]
        RollUpUsage(OwnRollups(house))()
    house.sink(call("ahead", 9, T0))
    assert by_day(house, meter) == expected
