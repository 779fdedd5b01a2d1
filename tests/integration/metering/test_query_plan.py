"""The usage query's plan: what it may read is bounded by the keys, whatever else the tables hold."""

import re
from datetime import UTC, datetime, timedelta

import pytest

from meterhouse.metering.usage import UsageQuery
from meterhouse.metering.usage_sql import usage_sql
from tests.integration.metering.house import House

START = datetime(2025, 6, 1, tzinfo=UTC)
_ROWS = """
INSERT INTO meter_values (namespace, meter_id, subject, hour, source, id, time, value, counts, stored_at)
SELECT {namespace:String}, {meter:String}, concat('s', toString(number % 100)), toStartOfHour(at), 'plan',
       toString(number), toDateTime64('2025-06-01 00:00:00', 6, 'UTC') + toIntervalSecond(number * 4) AS at, 1, true, at
FROM numbers(400000)
"""
_HOURS = """
INSERT INTO usage_rollups (namespace, meter_id, seconds, subject, start, total, events, rolled_at)
SELECT namespace, meter_id, 3600, subject, hour, sum(value), count(), now64(6) FROM meter_values
WHERE namespace = {namespace:String} GROUP BY namespace, meter_id, subject, hour
"""


@pytest.fixture(scope="module")
def granules() -> re.Pattern[str]:
    return re.compile(r"Granules: (\d+)/(\d+)")


def plan(house: House, query: UsageQuery, dirty: list[int] | None) -> str:
    text, parameters = usage_sql(house.namespace, query, dirty, 1000)
    return "\n".join(line for (line,) in house.store.query(f"EXPLAIN indexes = 1 {text}", parameters))


def test_one_subject_s_day_is_found_by_partition_and_key(house: House, granules: re.Pattern[str]) -> None:
    meter = house.meter()
    known = {"namespace": house.namespace, "meter": meter.id}
    house.store.command(_ROWS, known)
    house.store.command("OPTIMIZE TABLE meter_values FINAL")
    day = UsageQuery(meter, from_=START + timedelta(days=3), to=START + timedelta(days=4), subjects=("s7",))
    found = plan(house, day, None)
    keys = found[found.index("PrimaryKey") :]
    assert all(key in keys.split("Condition")[0] for key in ("namespace", "meter_id", "subject", "hour"))
    partitions = re.search(r"Min-Max\n(?:.*\n)*?\s*Parts: (\d+)/(\d+)", found)
    assert partitions is not None
    assert int(partitions[1]) <= 2 < int(partitions[2])
    read, _ = granules.findall(keys)[0]
    assert int(read) <= 3


def test_whole_clean_hours_are_read_from_the_rollup_alone(house: House, granules: re.Pattern[str]) -> None:
    meter = house.meter()
    known = {"namespace": house.namespace, "meter": meter.id}
    house.store.command(_ROWS, known)
    house.store.command(_HOURS, known)
    month = UsageQuery(meter, from_=START, to=START + timedelta(days=30), subjects=("s7",))
    found = plan(house, month, [])
    assert "meter_values" not in found
    assert "usage_rollups" in found
    read, _ = granules.findall(found[found.index("PrimaryKey") :])[0]
    assert int(read) <= 3
