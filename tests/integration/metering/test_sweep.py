"""Writings that a sink lost sight of are found before anything is invoiced."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from meterhouse.kernel.errors import Unavailable
from meterhouse.metering.clickhouse_sink import ClickHouseSink
from meterhouse.metering.clickhouse_sweep import ClickHouseWritings
from meterhouse.metering.roll_up import RollUpUsage
from meterhouse.metering.sweep_writings import SweepWritings
from meterhouse.platform.ids import new_id
from tests.integration.metering.house import T0, House, OwnRollups, call
from tests.integration.metering.test_sink import total

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
AS_OF = T0 + 10 * DAY


class Died(ClickHouseSink):
    """Of a sink that dies before it looks for later writings."""

    def later_writings(self, batch: Any) -> Any:
        raise Unavailable(f"died with {len(batch)} events")


class NothingOpen:
    def earliest(self, namespace: str) -> None:
        assert namespace


def lose(house: House, *events: Any, ingested: datetime = T0) -> None:
    """Events whose values are written, and no more; the log has forgotten them before they come again.

    Other events make their hours be computed anew, so that the values show.
    """
    with pytest.raises(Unavailable):
        house.sinks(Died(house.store))([house.record(*events, ingested=ingested)])
    house.sink(*(call(f"beside {event.id}", 0, event.time, event.subject) for event in events))


def sweep(
    house: House, periods: Any = None, *, range_size: int = 1000, writings: ClickHouseWritings | None = None
) -> int:
    swept = SweepWritings(
        lambda: [house.namespace],
        house,
        periods or NothingOpen(),
        writings or ClickHouseWritings(house.store, range_size),
        ClickHouseSink(house.store),
        house,
        now=house.now,
        new_id=new_id,
    )
    return swept(AS_OF)


LATER = [
    call("1", 99, T0 + 5 * HOUR),
    call("1", 99, T0 - DAY),
    call("1", 99, subject="bob"),
]


@pytest.mark.parametrize("later", LATER)
def test_a_later_writing_that_was_not_hidden_is_found_once(house: House, later: Any) -> None:
    meter = house.meter()
    house.sink(call("1", 10), call("2", 1))
    lose(house, later)
    assert total(house, meter) == 110
    RollUpUsage(OwnRollups(house))()
    assert sweep(house) == 1
    assert total(house, meter) == 11
    assert house.notices[-1][0] == [(house.namespace, later.subject, meter.id)]
    marked = {(house.namespace, meter.id, later.subject)} if later.time < T0 else set()
    assert {late[:3] for late in house.late} == marked
    RollUpUsage(OwnRollups(house))()
    told = len(house.notices)
    assert sweep(house) == 0
    assert len(house.notices) == told
    assert total(house, meter) == 11


def test_what_the_sink_hid_itself_is_left_alone(house: House) -> None:
    house.meter()
    house.sink(call("1", 10))
    for later in LATER:
        house.sink(later)
    assert sweep(house) == 0


def test_a_later_writing_of_another_type_is_hidden_from_its_own_meters(house: House) -> None:
    meter, other = house.meter(), house.meter(event_type="other")
    later = call("1", 99)
    later.type = "other"
    house.sink(call("1", 10))
    lose(house, later)
    assert sweep(house) == 1
    assert (total(house, meter), total(house, other)) == (10, 0)


def test_every_meter_is_swept_and_so_is_every_range_of_identities(house: House) -> None:
    meters = [house.meter(), house.meter()]
    house.sink(*(call(str(n), 1) for n in range(50)))
    lose(house, *(call(str(n), 99, T0 + HOUR) for n in range(0, 50, 5)))
    assert sweep(house, range_size=7) == 20
    assert [total(house, meter) for meter in meters] == [50, 50]


class OpenSince:
    def __init__(self, days: int) -> None:
        self._days = days

    def earliest(self, namespace: str) -> Any:
        assert namespace
        return AS_OF - self._days * DAY


def test_periods_that_are_open_are_swept_and_older_ones_are_not(house: House) -> None:
    meter = house.meter()
    house.sink(call("1", 10), call("2", 10))
    lose(house, call("1", 99, AS_OF - 50 * DAY), call("2", 99, AS_OF - 70 * DAY))
    assert sweep(house) == 0
    assert sweep(house, OpenSince(60)) == 1
    assert total(house, meter) == 10 + 10 + 99
    assert sweep(house, OpenSince(80)) == 1
    assert total(house, meter) == 20


def test_usage_after_the_instant_billed_for_waits_for_its_own_run(house: House) -> None:
    house.meter()
    house.sink(call("1", 10))
    lose(house, call("1", 99, AS_OF + 2 * HOUR))
    assert sweep(house) == 0


def test_a_sweep_killed_on_its_way_is_made_up_by_the_next(house: House) -> None:
    meter = house.meter()
    house.sink(call("1", 10))
    lose(house, call("1", 99, T0 + HOUR))
    RollUpUsage(OwnRollups(house))()

    class Killed(ClickHouseWritings):
        def mark(self, *_: Any) -> None:
            raise Unavailable("killed")

    with pytest.raises(Unavailable):
        sweep(house, writings=Killed(house.store))
    RollUpUsage(OwnRollups(house))()
    sweep(house)
    assert total(house, meter) == 10
    told = len(house.notices)
    sweep(house)
    assert len(house.notices) == told


def test_a_writing_that_stands_anew_where_one_was_swept_is_swept_anew(house: House) -> None:
    """Earlier and earlier writings arrive: one brings back the swept key, the next, whose sink dies, ends it again."""
    meter = house.meter()
    house.sink(call("1", 10))
    lose(house, call("1", 99, T0 + HOUR), ingested=T0 + HOUR)
    assert (sweep(house), total(house, meter)) == (1, 10)
    RollUpUsage(OwnRollups(house))()
    house.sink(call("1", 7, T0 + HOUR), ingested=T0 - HOUR)
    assert total(house, meter) == 7
    lose(house, call("1", 5, T0 + 3 * HOUR), ingested=T0 - 2 * HOUR)
    RollUpUsage(OwnRollups(house))()
    assert sweep(house) == 1
    assert total(house, meter) == 5
    RollUpUsage(OwnRollups(house))()
    assert (sweep(house), total(house, meter)) == (0, 5)


def test_a_sweep_s_mark_is_not_forgotten_with_the_others(house: House) -> None:
    house.meter()
    house.sink(call("1", 10))
    lose(house, call("1", 99, T0 + HOUR))
    assert sweep(house) == 1
    RollUpUsage(OwnRollups(house))()
    house.store.command("OPTIMIZE TABLE dirty_hours FINAL")
    age = "ALTER TABLE dirty_hours UPDATE at = at - INTERVAL 8 DAY WHERE namespace = {n:String}"
    house.store.command(f"{age} SETTINGS mutations_sync = 1", {"n": house.namespace})
    house.store.command("OPTIMIZE TABLE dirty_hours FINAL")
    marks = f"SELECT startsWith(mark, 'swept ') FROM dirty_hours WHERE namespace = '{house.namespace}'"
    assert house.store.query(marks) == [(1,)]
    told = len(house.notices)
    assert (sweep(house), len(house.notices)) == (0, told)
