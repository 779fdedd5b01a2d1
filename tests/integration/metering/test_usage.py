"""Usage queries against the real usage store."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from meterhouse.metering.aggregation import Aggregation
from meterhouse.metering.clickhouse import ClickHouseUsage
from meterhouse.metering.filter import parse_filter
from meterhouse.metering.usage import UsageQuery, UsageRow, WindowSize
from tests.integration.metering.house import T0, House, call

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def rows(house: House, query: UsageQuery) -> list[Any]:
    return ClickHouseUsage(house.store).query(house.namespace, query)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def test_without_windows_there_is_one_row_in_the_minutes_that_hold_the_events(house: House) -> None:
    meter = house.meter()
    house.sink(call("1", 1, T0 + timedelta(seconds=30)), call("2", "2.5", T0 + 3 * HOUR))
    assert rows(house, UsageQuery(meter)) == [UsageRow(Decimal("3.5"), T0, T0 + 3 * HOUR + MINUTE)]


def test_without_windows_a_given_period_is_the_row_s_window(house: House) -> None:
    meter = house.meter()
    house.sink(call("1", 1, T0), call("2", 2, T0 + HOUR), call("3", 4, T0 + 2 * HOUR))
    query = UsageQuery(meter, from_=T0, to=T0 + 2 * HOUR)
    assert rows(house, query) == [UsageRow(Decimal(3), T0, T0 + 2 * HOUR)]


def test_without_usage_there_is_no_row(house: House) -> None:
    assert rows(house, UsageQuery(house.meter(), from_=T0, to=T0 + DAY)) == []


def test_a_period_holds_its_start_and_not_its_end(house: House) -> None:
    meter = house.meter(Aggregation.COUNT)
    microsecond = timedelta(microseconds=1)
    house.sink(*(call(str(n), 1, t) for n, t in enumerate([T0 - microsecond, T0, T0 + HOUR - microsecond, T0 + HOUR])))
    assert [row.value for row in rows(house, UsageQuery(meter, from_=T0, to=T0 + HOUR))] == [2]


@pytest.mark.parametrize(
    ("window", "zone", "events", "windows"),
    [
        ("MINUTE", "UTC", ["2026-03-01T10:15:59Z"], [("2026-03-01T10:15:00Z", "2026-03-01T10:16:00Z")]),
        ("HOUR", "UTC", ["2026-03-01T10:15:59Z"], [("2026-03-01T10:00:00Z", "2026-03-01T11:00:00Z")]),
        ("HOUR", "Asia/Kolkata", ["2026-03-01T10:15:00Z"], [("2026-03-01T09:30:00Z", "2026-03-01T10:30:00Z")]),
        ("DAY", "UTC", ["2026-03-01T00:00:00Z"], [("2026-03-01T00:00:00Z", "2026-03-02T00:00:00Z")]),
        ("DAY", "Asia/Kolkata", ["2026-03-01T19:00:00Z"], [("2026-03-01T18:30:00Z", "2026-03-02T18:30:00Z")]),
        # 23 hours, then 25
        ("DAY", "Europe/Berlin", ["2026-03-29T12:00:00Z"], [("2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z")]),
        ("DAY", "Europe/Berlin", ["2026-10-25T12:00:00Z"], [("2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z")]),
        # the clock reads 1:30 twice, in two hours
        ("HOUR", "America/New_York", ["2026-11-01T05:30:00Z", "2026-11-01T06:30:00Z"],
         [("2026-11-01T05:00:00Z", "2026-11-01T06:00:00Z"), ("2026-11-01T06:00:00Z", "2026-11-01T07:00:00Z")]),
        # the day begins at 1:00
        ("DAY", "America/Sao_Paulo", ["2018-11-04T12:00:00Z"], [("2018-11-04T03:00:00Z", "2018-11-05T02:00:00Z")]),
        ("MONTH", "UTC", ["2024-02-29T23:59:59Z"], [("2024-02-01T00:00:00Z", "2024-03-01T00:00:00Z")]),
        ("MONTH", "America/New_York", ["2013-01-01T04:59:59Z", "2013-01-01T05:00:00Z"],
         [("2012-12-01T05:00:00Z", "2013-01-01T05:00:00Z"), ("2013-01-01T05:00:00Z", "2013-02-01T05:00:00Z")]),
        ("MONTH", "Europe/Berlin", ["2026-03-15T00:00:00Z"], [("2026-02-28T23:00:00Z", "2026-03-31T22:00:00Z")]),
    ],
)  # fmt: skip
def test_windows_are_those_of_the_zone(house: House, window: str, zone: str, events: Any, windows: Any) -> None:
    meter = house.meter(Aggregation.COUNT)
    house.sink(*(call(str(number), 1, at(text)) for number, text in enumerate(events)))
    found = rows(house, UsageQuery(meter, window=WindowSize(window), time_zone=ZoneInfo(zone)))
    assert [(row.window_start, row.window_end, row.value) for row in found] == [
        (at(start), at(end), 1) for start, end in windows
    ]


def test_groups_are_subjects_customers_and_properties(house: House) -> None:
    meter = house.meter()
    house.sink(
        call("1", 1, region="eu", tier=2),
        call("2", 2, region="us", tier=2),
        call("3", 4, subject="bob", region="eu"),
        call("4", 8, subject="carol"),
    )
    by_region = rows(house, UsageQuery(meter, group_by=("region",)))
    assert [(row.group_by, row.value, row.subject) for row in by_region] == [
        ({"region": None}, 8, None), ({"region": "eu"}, 5, None), ({"region": "us"}, 2, None),
    ]  # fmt: skip
    both = rows(house, UsageQuery(meter, group_by=("tier", "subject")))
    assert [(row.group_by["tier"], row.subject, row.value) for row in both] == [
        (None, "bob", 4), (None, "carol", 8), ("2", "alice", 3),
    ]  # fmt: skip
    customers = {"alice": "C1", "bob": "C1", "dora": "C2"}
    of_customers = rows(house, UsageQuery(meter, customers=customers, group_by=("customer_id",)))
    assert [(row.customer_id, row.value) for row in of_customers] == [("C1", 7)]


@pytest.mark.parametrize(
    ("wanted", "total"),
    [
        ({"$eq": "eu-1"}, 1), ({"$ne": "eu-1"}, 14), ({"$in": ["eu-1", "us"]}, 5), ({"$nin": ["eu-1", "us"]}, 10),
        ({"$in": []}, None), ({"$nin": []}, 15), ({"$like": "eu%"}, 3), ({"$nlike": "eu%"}, 12),
        ({"$ilike": "EU%"}, 3), ({"$nilike": "EU%"}, 12), ({"$gt": "eu-1"}, 6), ({"$gte": "eu-1"}, 7),
        ({"$lt": "eu-1"}, 8), ({"$lte": "eu-1"}, 9), ({"$gt": "eu-1", "$lt": "us"}, 2),
        ({"$or": [{"$eq": "us"}, {"$and": [{"$like": "eu%"}, {"$ne": "eu-1"}]}]}, 6), ({}, 15), ({"$eq": None}, 15),
        ({"$eq": "' OR 1=1 -- \\"}, None), ({"$like": "%(namespace)s{x:String}"}, None), ({"$eq": ""}, 8),
    ],
)  # fmt: skip
def test_filters_are_those_of_the_contract(house: House, wanted: dict[str, Any], total: int | None) -> None:
    meter = house.meter()
    house.sink(call("1", 1, region="eu-1"), call("2", 2, region="eu-2"), call("3", 4, region="us"), call("4", 8))
    found = rows(house, UsageQuery(meter, filters={"region": parse_filter(wanted)}))
    assert [row.value for row in found] == ([] if total is None else [total])


def test_subjects_hold_any_text(house: House) -> None:
    meter = house.meter()
    strange = ["it's", "back\\slash", 'quo"te', "%s %(namespace)s", "{x:String}", "naïve\n☃", "a,b"]
    house.sink(*(call(str(number), 1, subject=subject) for number, subject in enumerate(strange)))
    found = rows(house, UsageQuery(meter, subjects=tuple(strange), group_by=("subject",)))
    assert sorted(str(row.subject) for row in found) == sorted(strange)


def test_events_before_the_meter_begins_do_not_count(house: House) -> None:
    meter = house.meter(event_from=T0 + HOUR)
    house.sink(call("1", 1, T0), call("2", 2, T0 + HOUR))
    assert [row.value for row in rows(house, UsageQuery(meter))] == [2]


def test_events_accepted_at_the_cutoff_or_later_are_left_out_however_often_the_others_come(house: House) -> None:
    meter = house.meter()
    cutoff = T0 + timedelta(seconds=1)
    before = house.sink(call("1", 1))
    house.sink(call("2", 2), call("1", 99, T0 + HOUR), ingested=cutoff)
    house.sinks()([before])
    assert [row.value for row in rows(house, UsageQuery(meter, accepted_before=cutoff))] == [1]
    assert [row.value for row in rows(house, UsageQuery(meter))] == [3]


def test_another_namespace_s_usage_is_not_there(house: House) -> None:
    meter = house.meter()
    house.sink(call("1", 1))
    assert ClickHouseUsage(house.store).query("another", UsageQuery(meter)) == []


def test_great_batches_of_customers_fit_a_query(house: House) -> None:
    meter = house.meter()
    house.sink(call("1", 1, subject="subject-of-customer-7"))
    customers = {f"subject-of-customer-{number}": f"C{number}" for number in range(20_000)}
    found = rows(house, UsageQuery(meter, customers=customers, group_by=("customer_id",)))
    assert [(row.customer_id, row.value) for row in found] == [("C7", 1)]
