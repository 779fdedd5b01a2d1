"""Meters, filters and windows: the pure rules."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meterhouse.metering.aggregation import Aggregation
from meterhouse.metering.batch import identity
from meterhouse.metering.filter import All, AnyOf, Comparison, Operator, parse_filter
from meterhouse.metering.model import MeterChange, MeterSpec, new_meter
from meterhouse.metering.span import DAY, HOUR, reads_rollups, rollups, span
from meterhouse.metering.usage import UsageQuery, WindowSize

AT = datetime(2026, 1, 1, tzinfo=UTC)
METER = new_meter("M", MeterSpec("m", Aggregation.COUNT, "call", "Name", group_by={"a": "$.a"}), AT)
instants = st.datetimes(datetime(1971, 1, 1), datetime(2098, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - bounds
zones = st.sampled_from(["UTC", "Europe/Berlin", "Asia/Kolkata", "America/Sao_Paulo", "Pacific/Apia"]).map(ZoneInfo)


def test_a_part_of_a_period_can_be_charged_where_later_events_only_add() -> None:
    at_the_end = {one for one in Aggregation if not one.is_progressive}
    assert at_the_end == {Aggregation.AVG, Aggregation.MIN, Aggregation.LATEST}


def test_balances_are_not_burnt_by_averages_and_extremes() -> None:
    refused = {one for one in Aggregation if not one.can_be_entitled}
    assert refused == {Aggregation.AVG, Aggregation.MIN, Aggregation.MAX}


def test_a_change_leaves_what_it_does_not_name() -> None:
    changed = METER.changed(MeterChange(name="New"), AT + timedelta(1))
    assert (changed.name, changed.group_by, changed.slug, changed.updated_at) == (
        "New",
        {"a": "$.a"},
        "m",
        AT + timedelta(1),
    )


def test_a_filter_document_is_a_conjunction_of_its_members() -> None:
    assert parse_filter({"$eq": "a"}) == Comparison(Operator.EQ, "a")
    assert parse_filter({"$in": ["a"], "$ne": None}) == Comparison(Operator.IN, ("a",))
    assert parse_filter({}) == All()
    assert parse_filter({"$or": [{"$eq": "a"}, {}], "$gt": "b"}) == All(
        (AnyOf((Comparison(Operator.EQ, "a"), All())), Comparison(Operator.GT, "b"))
    )
    with pytest.raises(ValueError, match="near"):
        parse_filter({"$near": "a"})


@given(st.tuples(st.text(), st.text()), st.tuples(st.text(), st.text()))
def test_only_the_same_source_and_id_have_the_same_identity(one: tuple[str, str], other: tuple[str, str]) -> None:
    assert (identity(*one) == identity(*other)) == (one == other)


def test_a_query_counts_from_where_the_meter_begins() -> None:
    begun = new_meter("M", MeterSpec("m", Aggregation.COUNT, "call", "m", event_from=AT), AT)
    assert UsageQuery(begun, from_=AT - timedelta(1)).start == AT
    assert UsageQuery(begun, from_=AT + timedelta(1)).start == AT + timedelta(1)
    assert UsageQuery(METER).start is None


@given(instants, zones, st.sampled_from([WindowSize.DAY, WindowSize.MONTH]))
def test_days_and_months_end_where_the_next_begin(at: datetime, zone: ZoneInfo, window: WindowSize) -> None:
    end = window.end(at, zone)
    assert at < end
    day = timedelta(days=1)
    assert end - at <= (2 * day if window is WindowSize.DAY else 33 * day)
    assert window.end(end - timedelta(microseconds=1), zone) == end


@given(instants, instants)
def test_whole_hours_lie_within_the_period(one: datetime, other: datetime) -> None:
    covered = span(UsageQuery(METER, from_=min(one, other), to=max(one, other)))
    first, last = covered.hours
    whole = covered.whole(HOUR, ())
    assert first * 10**6 <= covered.from_ <= whole.from_ * 10**6
    assert covered.to <= last * 10**6
    assert whole.from_ == whole.to or whole.to * 10**6 <= covered.to
    assert whole.from_ * 10**6 - covered.from_ < HOUR * 10**6


@given(instants, instants, st.sets(st.integers(0, 10**6)))
def test_a_dirty_hour_makes_its_day_dirty(one: datetime, other: datetime, hours: set[int]) -> None:
    start, end = min(one, other), max(one, other)
    first, last = span(UsageQuery(METER, from_=start, to=end)).hours
    dirty = {first + hour * HOUR % max(last - first, HOUR) for hour in hours}
    for whole in rollups(UsageQuery(METER, from_=start, to=end), dirty):
        assert whole.seconds in {DAY, HOUR}
        inside = {hour for hour in dirty if whole.from_ <= hour < whole.to}
        assert set(whole.dirty) == {hour - hour % whole.seconds for hour in inside}


def test_a_rollup_answers_while_at_least_half_of_its_spans_are_clean() -> None:
    query = UsageQuery(METER, from_=AT, to=AT + timedelta(days=4))
    begins = int(AT.timestamp())
    lengths = {
        dirty: [whole.seconds for whole in rollups(query, [begins + hour * HOUR for hour in range(dirty)])]
        for dirty in (0, 24, 48, 49, 96)
    }
    assert lengths == {0: [DAY, HOUR], 24: [DAY, HOUR], 48: [DAY, HOUR], 49: [], 96: []}


def test_days_answer_only_days_of_utc() -> None:
    lengths = {
        zone: [whole.seconds for whole in rollups(month(zone), ())] for zone in ("UTC", "Europe/London", "Asia/Kolkata")
    }
    assert lengths == {"UTC": [DAY, HOUR], "Europe/London": [HOUR], "Asia/Kolkata": []}


def month(zone: str) -> UsageQuery:
    return UsageQuery(METER, AT, AT + timedelta(days=31), WindowSize.MONTH, ZoneInfo(zone))


@pytest.mark.parametrize(
    ("zone", "window", "expected"),
    [
        ("UTC", WindowSize.DAY, True),
        ("Europe/Berlin", WindowSize.MONTH, True),
        ("Asia/Kolkata", WindowSize.DAY, False),
        ("Asia/Kolkata", None, True),
        ("Australia/Lord_Howe", WindowSize.HOUR, False),
        ("UTC", WindowSize.MINUTE, False),
    ],
)
def test_hours_answer_only_windows_that_begin_where_hours_do(
    zone: str, window: WindowSize | None, expected: bool
) -> None:
    query = UsageQuery(METER, from_=AT, to=AT + timedelta(days=9), window=window, time_zone=ZoneInfo(zone))
    assert reads_rollups(query) is expected
    assert not reads_rollups(UsageQuery(METER, from_=AT, to=AT + timedelta(minutes=59)))
    assert not reads_rollups(UsageQuery(METER, accepted_before=AT))
