"""How long raw events are kept: a setting, applied at each deploy."""

import re
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest

from meterhouse.kernel.errors import InvalidInput
from meterhouse.metering.clickhouse_retention import _SQL, LONGEST_DAYS, keep_events, retention_days
from meterhouse.metering.event import EARLIEST, LATEST
from meterhouse.platform.clickhouse import ClickHouse
from tests.integration.metering.house import T0, House, call
from tests.integration.metering.test_sink import total

HOUR = timedelta(hours=1)


@pytest.fixture
def kept(usage_store: ClickHouse) -> Iterator[ClickHouse]:
    yield usage_store
    keep_events(usage_store, None)


def stored(house: House, table: str) -> int:
    text = f"SELECT count() FROM {table} WHERE namespace = {{ns:String}}"
    [(count,)] = house.store.query(text, {"ns": house.namespace})
    return int(count)


def test_the_same_setting_again_changes_nothing(kept: ClickHouse) -> None:
    changed = [keep_events(kept, days) for days in (None, 30, 30, 400, 400, None, None)]
    assert changed == [[], ["events kept 30 days"], [], ["events kept 400 days"], [], ["events kept for ever"], []]


def test_events_past_the_retention_go_and_what_was_read_of_them_stays(kept: ClickHouse, house: House) -> None:
    meter = house.meter()
    keep_events(kept, 30)
    house.sink(call("1", 10, house.clock.replace(year=2001)), call("2", 5, house.clock.replace(year=2090)))
    kept.command("OPTIMIZE TABLE events PARTITION 20010301 FINAL")
    assert (stored(house, "events"), stored(house, "event_writings")) == (1, 2)
    assert total(house, meter) == 15
    house.sink(call("1", 99, house.clock.replace(year=2090)))
    assert total(house, meter) == 15


@pytest.mark.parametrize("days", [1, 2_200, 3_650, LONGEST_DAYS])
@pytest.mark.parametrize("at", [T0, EARLIEST, LATEST - HOUR])
def test_no_event_goes_before_its_time_however_long_it_is_kept(kept: ClickHouse, days: int, at: datetime) -> None:
    """Seconds since 1970 end in 2106 here: an end after that must not come round to 1970."""
    keep_events(kept, days)
    [(definition,)] = kept.query(_SQL["definition"])
    end = re.search(r" TTL (.+) SETTINGS", definition)
    assert end
    hour = int(at.timestamp())
    [(seconds,)] = kept.query(f"SELECT toUnixTimestamp({end[1]}) FROM (SELECT toDateTime({hour}, 'UTC') AS hour)")
    assert seconds == min(hour + days * 86_400, (1 << 32) - 1)


def test_what_is_to_be_kept_long_is_kept(kept: ClickHouse, house: House) -> None:
    keep_events(kept, LONGEST_DAYS)
    ends = [T0, LATEST - HOUR]
    house.sink(*(call(str(number), 1, at) for number, at in enumerate(ends)))
    for at in ends:
        kept.command(f"OPTIMIZE TABLE events PARTITION {at:%Y%m%d} FINAL")
    assert stored(house, "events") == 2


def test_a_retention_whose_end_could_come_round_is_told_anew(kept: ClickHouse) -> None:
    for days in (30, None):
        kept.command("ALTER TABLE events MODIFY TTL hour + toIntervalDay(30)")
        assert len(keep_events(kept, days)) == 1
        assert keep_events(kept, days) == []


@pytest.mark.parametrize("setting", ["0", "-1", "1.5", "ever", " 3", str(LONGEST_DAYS + 1), "9" * 5_000])
def test_a_setting_that_is_no_number_of_days_is_refused(setting: str) -> None:
    with pytest.raises(InvalidInput):
        retention_days(setting)


def test_without_a_setting_events_are_kept_for_ever() -> None:
    assert (retention_days(""), retention_days("90")) == (None, 90)
