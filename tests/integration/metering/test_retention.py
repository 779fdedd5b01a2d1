"""How long raw events are kept: a setting, applied at each deploy."""

from collections.abc import Iterator

import pytest

from meterhouse.kernel.errors import InvalidInput
from meterhouse.metering.clickhouse_retention import keep_events, retention_days
from meterhouse.platform.clickhouse import ClickHouse
from tests.integration.metering.house import House, call
from tests.integration.metering.test_sink import total


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


@pytest.mark.parametrize("setting", ["0", "-1", "1.5", "ever", " 3"])
def test_a_setting_that_is_no_number_of_days_is_refused(setting: str) -> None:
    with pytest.raises(InvalidInput):
        retention_days(setting)


def test_without_a_setting_events_are_kept_for_ever() -> None:
    assert (retention_days(""), retention_days("90")) == (None, 90)
