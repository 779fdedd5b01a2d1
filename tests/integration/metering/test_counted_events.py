"""The events behind a usage number: those that it counts and no others, page by page along the key."""

from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from meterhouse.metering.aggregation import Aggregation
from meterhouse.metering.clickhouse import ClickHouseUsage
from meterhouse.metering.clickhouse_counted_events import ClickHouseCountedEvents
from meterhouse.metering.counted_events import CountedEvent, CountedPlace
from meterhouse.metering.filter import one_of
from meterhouse.metering.usage import UsageQuery
from tests.integration.metering.house import T0, House, call

HOUR = timedelta(hours=1)


def all_of(house: House, query: UsageQuery, limit: int = 2) -> list[CountedEvent]:
    """Every page, one after the other."""
    events, after = ClickHouseCountedEvents(house.store), None
    found: list[CountedEvent] = []
    while page := events.page(house.namespace, query, after, limit):
        assert len(page) <= limit
        found, after = [*found, *page], page[-1].place
    return found


def told(events: list[CountedEvent]) -> list[tuple[str, Decimal | None]]:
    return [(event.place.id, event.value) for event in events]


def test_each_counted_identity_stands_once_with_its_first_value_whatever_was_redelivered(house: House) -> None:
    query = UsageQuery(
        house.meter(), T0 - HOUR / 4, T0 + HOUR, subjects=("alice", "bob"), filters={"region": one_of("de", "fr")}
    )
    house.sink(
        call("late", 4, T0 + HOUR / 2, "alice", region="fr"),
        call("1", 2, T0, "alice", region="de"),
        call("2", "0.5", T0, "bob", region="de"),
        call("elsewhere", 9, T0, "alice", region="us"),
        call("before", 9, T0 - HOUR / 2, "alice", region="de"),
        call("at the end", 9, T0 + HOUR, "alice", region="de"),
        call("no number", "many", T0, "alice", region="de"),
        call("of another", 9, T0, "carol", region="de"),
    )
    house.sink(call("1", 700, T0, "alice", region="de"), call("2", 700, T0 + HOUR / 9, "bob", region="de"))
    found = all_of(house, query)
    assert told(found) == [("1", Decimal(2)), ("late", Decimal(4)), ("2", Decimal("0.5"))]
    [usage] = ClickHouseUsage(house.store).query(house.namespace, query)
    assert usage.value == sum(event.value or 0 for event in found)


def test_an_event_tells_when_it_occurred_came_and_was_stored(house: House) -> None:
    query = UsageQuery(house.meter(), T0, T0 + HOUR, subjects=("alice",))
    house.sink(call("1", 2, T0 + timedelta(microseconds=7)), ingested=T0 + HOUR)
    [event] = all_of(house, query)
    assert event.place == CountedPlace("alice", datetime(2026, 3, 1, 10, tzinfo=T0.tzinfo), "test", "1")
    assert (event.time, event.ingested_at, event.stored_at) == (T0 + timedelta(microseconds=7), T0 + HOUR, house.clock)


@pytest.mark.parametrize(
    ("aggregation", "value", "texts"),
    [(Aggregation.COUNT, Decimal(1), ()), (Aggregation.MAX, Decimal(7), ()), (Aggregation.UNIQUE_COUNT, None, ("7",))],
)
def test_a_value_is_what_the_meter_reads_of_the_event(
    house: House, aggregation: Aggregation, value: Decimal | None, texts: tuple[str, ...]
) -> None:
    query = UsageQuery(house.meter(aggregation), T0, T0 + HOUR, subjects=("alice",))
    house.sink(call("1", 7))
    [event] = all_of(house, query)
    assert (event.value, event.texts) == (value, texts)


def test_nobodys_events_are_none(house: House) -> None:
    assert all_of(house, UsageQuery(house.meter(), T0, T0 + HOUR, subjects=())) == []
