"""The usage query's plan: what it may read is bounded by the keys, whatever else the tables hold."""

import re
from datetime import UTC, datetime, timedelta

import pytest

from meterhouse.metering.clickhouse_counted_events import counted_events_sql
from meterhouse.metering.clickhouse_rollup import recompute_sql
from meterhouse.metering.counted_events import CountedPlace
from meterhouse.metering.cut_usage_sql import layers_of, parts_of_layer_sql
from meterhouse.metering.usage import UsageQuery
from meterhouse.metering.usage_sql import usage_sql
from meterhouse.platform.clickhouse import ClickHouse
from meterhouse.platform.ids import new_id
from tests.integration.metering.house import House

START = datetime(2025, 6, 1, tzinfo=UTC)
_ROWS = """
INSERT INTO meter_values (namespace, meter_id, subject, hour, source, id, time, value, counts, stored_at)
SELECT {namespace:String}, {meter:String}, concat('s', toString(number % 100)), toStartOfHour(at), 'plan',
       toString(number), toDateTime64('2025-06-01 00:00:00', 6, 'UTC') + toIntervalSecond(number) AS at, 1, true, at
FROM numbers(1600000)
"""
_HOURS = """
INSERT INTO usage_rollups (namespace, meter_id, seconds, subject, start, total, events, rolled_at)
SELECT namespace, meter_id, 3600, subject, hour, sum(value), count(), now64(6) FROM meter_values
WHERE namespace = {namespace:String} GROUP BY namespace, meter_id, subject, hour
"""


@pytest.fixture(scope="module")
def house(usage_store: ClickHouse) -> House:
    """With a meter whose usage of nineteen days is stored and rolled up by the hour, and all of it merged."""
    made = House(f"m-{new_id().lower()}", usage_store)
    known = {"namespace": made.namespace, "meter": made.meter().id}
    usage_store.command(_ROWS, known)
    usage_store.command(_HOURS, known)
    for table in ("meter_values", "usage_rollups"):
        usage_store.command(f"OPTIMIZE TABLE {table} FINAL")
    return made


@pytest.fixture(scope="module")
def granules() -> re.Pattern[str]:
    return re.compile(r"Granules: (\d+)/(\d+)")


def plan(house: House, query: UsageQuery, dirty: list[int] | None) -> str:
    text, parameters = usage_sql(house.namespace, query, dirty, 1000)
    return "\n".join(line for (line,) in house.store.query(f"EXPLAIN indexes = 1 {text}", parameters))


def granules_by_partition_and_key(found: str, granules: re.Pattern[str]) -> int:
    """How many granules the plan reads; it passes over all but two of the parts before, and then goes by the key."""
    keys = found[found.index("PrimaryKey") :]
    assert all(key in keys.split("Condition")[0] for key in ("namespace", "meter_id", "subject", "hour"))
    partitions = re.search(r"Min-Max\n(?:.*\n)*?\s*Parts: (\d+)/(\d+)", found)
    assert partitions is not None
    assert int(partitions[1]) <= 2 < int(partitions[2])
    read, _ = granules.findall(keys)[0]
    return int(read)


def test_one_subject_s_day_is_found_by_partition_and_key(house: House, granules: re.Pattern[str]) -> None:
    [meter] = house.meters
    day = UsageQuery(meter, from_=START + timedelta(days=3), to=START + timedelta(days=4), subjects=("s7",))
    found = plan(house, day, None)
    assert granules_by_partition_and_key(found, granules) <= 3


def test_one_subject_s_month_of_values_and_a_page_of_its_events_are_a_few_granules_of_each_day(
    house: House, granules: re.Pattern[str]
) -> None:
    [meter] = house.meters
    month, days = UsageQuery(meter, from_=START, to=START + timedelta(days=30), subjects=("s7",)), 19
    found = plan(house, month, None)
    read, of_all = granules.findall(found[found.index("PrimaryKey") :])[0]
    assert int(read) <= 2 * days < int(of_all) / 5
    after = CountedPlace("s7", START + timedelta(days=10), "plan", "")
    text, parameters = counted_events_sql(house.namespace, month, after, 100)
    events = "\n".join(line for (line,) in house.store.query(f"EXPLAIN indexes = 1 {text}", parameters))
    read, _ = granules.findall(events[events.index("PrimaryKey") :])[0]
    assert int(read) <= 2 * days


def test_a_month_s_total_of_clean_days_is_read_from_the_daily_rollup_alone(house: House) -> None:
    [meter] = house.meters
    found = plan(house, UsageQuery(meter, from_=START, to=START + timedelta(days=30)), [])
    assert found.count("ReadFromMergeTree") == 1
    assert "seconds in [86400, 86400]" in found


def test_an_hour_is_recomputed_from_its_own_day(house: House) -> None:
    [meter] = house.meters
    recompute, hour = recompute_sql("of_values"), int((START + timedelta(days=3)).timestamp())
    parameters = {"namespace": house.namespace, "meter_id": meter.id, "seconds": 3600, "starts": [hour], "rolled_at": 0}
    select = recompute[recompute.index("SELECT") :]
    found = "\n".join(line for (line,) in house.store.query(f"EXPLAIN indexes = 1 {select}", parameters))
    parts = re.findall(r"Min-Max[\s\S]*?Parts: (\d+)/(\d+)", found)
    assert len(parts) == 2
    assert all(int(read) <= 2 < int(of_all) for read, of_all in parts)


def test_whole_clean_hours_are_read_from_the_rollup_alone(house: House, granules: re.Pattern[str]) -> None:
    [meter] = house.meters
    month = UsageQuery(meter, from_=START, to=START + timedelta(days=30), subjects=("s7",))
    found = plan(house, month, [])
    assert "meter_values" not in found
    assert "usage_rollups" in found
    read, _ = granules.findall(found[found.index("PrimaryKey") :])[0]
    assert int(read) <= 3


def test_parts_of_one_subject_s_days_are_found_by_partition_and_key(house: House, granules: re.Pattern[str]) -> None:
    [meter] = house.meters
    start = START + timedelta(days=3)
    asked = [
        UsageQuery(meter, start, start + timedelta(days=1), cuts=(start + timedelta(minutes=61),), subjects=(subject,))
        for subject in ("s7", "s8")
    ]
    [layer] = layers_of(asked)
    text, parameters = parts_of_layer_sql(house.namespace, layer, None)
    found = "\n".join(line for (line,) in house.store.query(f"EXPLAIN indexes = 1 {text}", parameters))
    assert granules_by_partition_and_key(found, granules) <= 4
