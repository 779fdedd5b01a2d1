"""Usage by parts of a period, many questions at once, held to a slow reckoning over the events themselves."""

import random
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any

import msgspec
import pytest

from meterhouse.metering.aggregation import Aggregation
from meterhouse.metering.clickhouse import ClickHouseUsage
from meterhouse.metering.cloud_event import CloudEvent
from meterhouse.metering.filter import one_of
from meterhouse.metering.model import Meter
from meterhouse.metering.roll_up import RollUpUsage
from meterhouse.metering.usage import LeftOut, UsageQuery, UsageRow
from meterhouse.platform.clickhouse import ClickHouse
from meterhouse.platform.ids import new_id
from tests.integration.metering.house import House, OwnRollups, call

START = datetime(2026, 3, 27, 20, tzinfo=UTC)
HOURS = 60
SUBJECTS = ("s0", "s1", "s2", "s3", "s4")


def minute(number: int) -> datetime:
    return START + timedelta(minutes=number)


class Counted(ClickHouse):
    """Counts the round trips."""

    def __init__(self, store: ClickHouse) -> None:
        super().__init__(store._settings)
        self.asked: list[str] = []

    def query(self, sql: str, *arguments: Any) -> list[tuple[Any, ...]]:
        self.asked.append(sql)
        return super().query(sql, *arguments)


def expected(events: Sequence[CloudEvent], query: UsageQuery) -> list[UsageRow]:
    """One part after the other, event by event."""
    assert query.from_ is not None
    assert query.to is not None
    without = {event.id for event in query.without}
    wanted = [
        event
        for event in events
        if event.id not in without and (query.only is None or event.subject in query.only) and _holds(event, query)
    ]
    rows = []
    for start, end in pairwise((query.from_, *query.cuts, query.to)):
        since = max((at for at in query.periods if at <= start), default=start)
        inside = [event for event in wanted if start <= _time(event) < end]
        told_apart = [event for event in wanted if since <= _time(event) < end]
        if inside:
            rows.append(UsageRow(_value(query.meter, inside, told_apart), start, end))
    return rows


def _time(event: CloudEvent) -> datetime:
    assert event.time is not None
    return event.time


def _data(event: CloudEvent) -> dict[str, Any]:
    data: dict[str, Any] = msgspec.json.decode(event.data)
    return data


def _holds(event: CloudEvent, query: UsageQuery) -> bool:
    if query.meter.event_from is not None and _time(event) < query.meter.event_from:
        return False
    return "region" not in query.filters or _data(event).get("region") == "eu"


def _value(meter: Meter, inside: list[CloudEvent], told_apart: list[CloudEvent]) -> Decimal:
    values = [Decimal(str(_data(event)["value"])) for event in inside]
    known: dict[Aggregation, Callable[[], Decimal]] = {
        Aggregation.SUM: lambda: sum(values, Decimal(0)),
        Aggregation.COUNT: lambda: Decimal(len(inside)),
        Aggregation.UNIQUE_COUNT: lambda: Decimal(len({str(_data(event)["value"]) for event in told_apart})),
        Aggregation.LATEST: lambda: Decimal(str(_data(max(inside, key=_time))["value"])),
        Aggregation.MIN: lambda: min(values),
        Aggregation.MAX: lambda: max(values),
        Aggregation.AVG: lambda: (sum(values, Decimal(0)) / len(values)).quantize(Decimal("1e-18")),
    }
    return known[meter.aggregation]()


def random_query(meter: Meter, draw: random.Random, events: Sequence[CloudEvent], to: datetime) -> UsageQuery:
    grain = draw.choice([1, 60, 7, 24 * 60])
    last = int((to - START) / timedelta(minutes=1))
    instants = sorted({minute(at - at % grain) for at in draw.sample(range(last), draw.randrange(1, 7))})
    instants = [at for at in instants if START <= at < to] or [START]
    from_, cuts = instants[0], tuple(instants[1:])
    left_out = draw.sample(list(events), draw.choice([0, 0, 3]))
    return UsageQuery(
        meter,
        from_=from_,
        to=to,
        cuts=cuts,
        periods=tuple(at for at in (from_, *cuts) if at == from_ or draw.random() < 0.4),
        without=tuple(LeftOut(event.source, event.id, _time(event)) for event in left_out),
        subjects=draw.choice([None, *[tuple(draw.sample(SUBJECTS, count)) for count in (1, 1, 2, 3)]]),
        filters=draw.choice([{}, {"region": one_of("eu")}]),
    )


def random_events(draw: random.Random, count: int, first: int) -> list[CloudEvent]:
    return [
        call(
            str(first + number),
            draw.choice([1, 2.5, 7, -3]),
            minute(draw.randrange(HOURS * 60)) + timedelta(microseconds=draw.randrange(60_000_000)),
            subject=draw.choice(SUBJECTS),
            region=draw.choice(["eu", "us"]),
        )
        for number in range(count)
    ]


@pytest.fixture
def house(usage_store: ClickHouse) -> House:
    return House(f"c-{new_id().lower()}", usage_store)


@pytest.mark.parametrize("event_from", [None, minute(7 * 60 + 13)])
@pytest.mark.parametrize("aggregation", Aggregation)
def test_many_cut_queries_answer_as_a_slow_reckoning_does(
    house: House, aggregation: Aggregation, event_from: datetime | None
) -> None:
    """Before any roll up, with some hours rolled up, with some of those dirty again."""
    draw = random.Random(f"{aggregation}{event_from}")  # noqa: S311 - a seeded choice
    meters = [house.meter(aggregation, event_from=event_from), house.meter(aggregation)]
    usage, events = ClickHouseUsage(house.store), list[CloudEvent]()
    for step in range(3):
        more = random_events(draw, 60, len(events))
        events += more
        house.sink(*more, *draw.sample(events, 5))
        ends = (minute(HOURS * 60), minute(draw.randrange(600, HOURS * 60)))
        asked = [random_query(draw.choice(meters), draw, events, draw.choice(ends)) for _ in range(14)]
        for query, rows in zip(asked, usage.query_many(house.namespace, asked), strict=True):
            assert rows == expected(events, query), query
        alone = next(place for place, query in enumerate(asked) if query.cuts)
        assert usage.query(house.namespace, asked[alone]) == usage.query_many(house.namespace, asked)[alone]
        if step < 2:
            RollUpUsage(OwnRollups(house))()


def test_any_number_of_queries_takes_two_round_trips(house: House) -> None:
    meters = [house.meter(Aggregation.SUM), house.meter(Aggregation.UNIQUE_COUNT), house.meter(Aggregation.LATEST)]
    events = random_events(random.Random(1), 40, 0)  # noqa: S311 - a seeded choice
    house.sink(*events)
    asked = [
        UsageQuery(meter, START, minute(HOURS * 60), cuts=(minute(61 + at),), subjects=(subject,))
        for meter in meters
        for at, subject in enumerate(SUBJECTS)
    ]
    store = Counted(house.store)
    answers = ClickHouseUsage(store).query_many(house.namespace, asked)
    assert answers == [expected(events, query) for query in asked]
    assert len(store.asked) == 2


def test_one_subject_may_be_asked_about_on_one_meter_several_times(house: House) -> None:
    meter = house.meter()
    events = random_events(random.Random(2), 40, 0)  # noqa: S311 - a seeded choice
    house.sink(*events)
    once = UsageQuery(meter, START, minute(HOURS * 60), cuts=(minute(100),), subjects=("s1", "s2"))
    asked = [once, replace(once, cuts=(minute(2000),)), replace(once, subjects=("s2",)), replace(once, subjects=())]
    answers = ClickHouseUsage(house.store).query_many(house.namespace, asked)
    assert answers == [expected(events, query) for query in asked]
    assert answers[3] == []


def test_an_event_that_is_left_out_of_one_query_counts_in_another(house: House) -> None:
    meter = house.meter()
    house.sink(call("1", 5, minute(10)), call("2", 7, minute(20), subject="bob"))
    RollUpUsage(OwnRollups(house))()
    without = (LeftOut("test", "1", minute(10)), LeftOut("test", "2", minute(20)))
    asked = [
        UsageQuery(meter, START, minute(600), subjects=("alice",), without=without[:1]),
        UsageQuery(meter, START, minute(600), subjects=("bob",)),
        UsageQuery(meter, START, minute(600), subjects=("alice", "bob"), without=without[1:]),
    ]
    answers = ClickHouseUsage(house.store).query_many(house.namespace, asked)
    assert [[row.value for row in rows] for rows in answers] == [[], [7], [5]]


def test_texts_seen_before_in_the_period_are_not_counted_anew(house: House) -> None:
    meter = house.meter(Aggregation.UNIQUE_COUNT)
    house.sink(
        call("1", "a", minute(1)), call("2", "a", minute(61)), call("3", "b", minute(62)), call("4", "a", minute(130))
    )
    cuts = (minute(60), minute(120))
    whole = UsageQuery(meter, START, minute(180), cuts=cuts, periods=(START,))
    cut = replace(whole, periods=(START, minute(120)))
    answers = ClickHouseUsage(house.store).query_many(house.namespace, [whole, cut])
    assert [[row.value for row in rows] for rows in answers] == [[1, 2, 2], [1, 2, 1]]


def test_hours_that_no_cut_splits_are_read_from_the_rollups(house: House) -> None:
    meter = house.meter()
    house.sink(call("1", 5, minute(10)), call("2", 7, minute(130)))
    RollUpUsage(OwnRollups(house))()
    house.store.command(
        "ALTER TABLE meter_values DELETE WHERE namespace = {namespace:String} SETTINGS mutations_sync = 2",
        {"namespace": house.namespace},
    )
    whole = UsageQuery(meter, START, minute(180), cuts=(minute(60), minute(120)))
    split = replace(whole, cuts=(minute(60), minute(125)))
    answers = ClickHouseUsage(house.store).query_many(house.namespace, [whole, split])
    assert [[row.value for row in rows] for rows in answers] == [[5, 7], [5]]


def test_statements_are_cut_by_their_size_alone(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    meters = [house.meter() for _ in range(4)]
    house.sink(call("1", 5, minute(10)), call("2", 7, minute(130)))
    monkeypatch.setattr("meterhouse.metering.clickhouse._MOST_CHARACTERS", 3_000)
    store = Counted(house.store)
    asked = [UsageQuery(meter, START, minute(600), subjects=("alice",)) for meter in meters]
    answers = ClickHouseUsage(store).query_many(house.namespace, asked)
    assert [[row.value for row in rows] for rows in answers] == [[12]] * 4
    assert len(store.asked) > 2
