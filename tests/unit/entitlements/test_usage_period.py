"""Usage periods: where they begin, by the calendar and by hand."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meterhouse.entitlements.usage_period import ManualReset, Reset, UsagePeriods
from meterhouse.kernel.cadence import Cadence, CadenceUnit
from meterhouse.kernel.period import Period

T = datetime(2024, 1, 1, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
DAILY = Cadence(1, CadenceUnit.DAY)
MONTHLY = Cadence(1, CadenceUnit.MONTH)
HORIZON = 100 * 24 * 60

cadences = st.sampled_from(["PT1H", "PT7H", "P1D", "P3D", "P1W", "P1M", "P1Y"]).map(Cadence.parse)
minutes = st.integers(0, HORIZON)


def day(number: float) -> datetime:
    return T + number * timedelta(days=1)


@st.composite
def some_periods(draw: st.DrawFn) -> UsagePeriods:
    measured_from = T + draw(minutes) * MINUTE
    anchor = T + draw(st.integers(-HORIZON, HORIZON)) * MINUTE
    manual: list[ManualReset] = []
    for later in sorted(draw(st.sets(st.integers(1, HORIZON), max_size=3))):
        at = measured_from + later * MINUTE
        retained = manual[-1].anchor if manual else anchor
        manual.append(ManualReset(at, draw(st.sampled_from([at, retained])), draw(st.booleans())))
    return UsagePeriods(draw(cadences), anchor, measured_from, draw(st.booleans()), manual)


@given(some_periods(), minutes, st.integers(0, 10))
def test_periods_tile_time_from_where_measuring_begins(periods: UsagePeriods, later: int, count: int) -> None:
    period = periods.at(periods.measured_from)
    assert period.start == periods.measured_from

    found = [periods.at(periods.measured_from + later * MINUTE)]
    for _ in range(count):
        found.append(periods.at(found[-1].end))

    assert all(one.end == following.start for one, following in pairwise(found))


@given(some_periods(), minutes)
def test_the_period_at_an_instant_contains_it_from_start_to_end(periods: UsagePeriods, later: int) -> None:
    at = periods.measured_from + later * MINUTE

    period = periods.at(at)

    assert period.contains(at)
    assert periods.at(period.start) == period
    assert periods.at(period.end - MINUTE) == period


@given(some_periods(), minutes, st.integers(0, 3 * 24 * 60))
def test_resets_are_where_periods_begin(periods: UsagePeriods, later: int, lasts: int) -> None:
    after = periods.measured_from + later * MINUTE
    until = after + lasts * MINUTE

    starts = []
    period = periods.at(after)
    while period.end <= until:
        starts.append(period.end)
        period = periods.at(period.end)

    assert [reset.at for reset in periods.resets(after, until)] == starts


@given(some_periods(), st.lists(st.integers(0, 3 * 24 * 60), max_size=4))
def test_resets_of_parts_are_the_resets_of_the_whole(periods: UsagePeriods, cuts: list[int]) -> None:
    ends = [periods.measured_from + cut * MINUTE for cut in sorted([0, *cuts])]

    parts = [reset for after, until in pairwise(ends) for reset in periods.resets(after, until)]

    assert parts == list(periods.resets(ends[0], ends[-1]))


@given(some_periods())
def test_a_reset_by_hand_decides_itself_whether_overage_is_preserved(periods: UsagePeriods) -> None:
    manual = {reset.at: reset.preserves_overage for reset in periods.manual}
    last = max([periods.measured_from, *manual])

    resets = {reset.at: reset.preserves_overage for reset in periods.resets(last - timedelta(days=2), last)}

    for at, preserves in resets.items():
        assert preserves == manual.get(at, periods.preserves_overage)


def test_the_first_period_is_cut_where_measuring_begins() -> None:
    periods = UsagePeriods(MONTHLY, T, day(10.5))

    assert periods.at(day(20)) == Period(day(10.5), day(31))
    assert periods.at(day(31)) == Period(day(31), day(60))


def test_before_measuring_the_period_is_the_first() -> None:
    periods = UsagePeriods(DAILY, T, day(5))

    assert periods.at(day(1)) == Period(day(5), day(6))
    assert list(periods.resets(day(1), day(6))) == [Reset(day(6), preserves_overage=False)]


def test_an_anchor_may_lie_after_measuring_begins() -> None:
    assert UsagePeriods(DAILY, day(3.5), T).at(T) == Period(T, day(0.5))


def test_months_follow_the_31st_through_shorter_months() -> None:
    periods = UsagePeriods(MONTHLY, datetime(2023, 12, 31, tzinfo=UTC), day(30))

    assert [reset.at for reset in periods.resets(day(30), day(125))] == [
        datetime(2024, 2, 29, tzinfo=UTC),
        datetime(2024, 3, 31, tzinfo=UTC),
        datetime(2024, 4, 30, tzinfo=UTC),
    ]


def test_after_a_reset_with_a_new_anchor_periods_follow_it() -> None:
    periods = UsagePeriods(DAILY, T, T, manual=[ManualReset(day(1.25), day(1.25), preserves_overage=True)])

    assert list(periods.resets(T, day(3))) == [
        Reset(day(1), preserves_overage=False),
        Reset(day(1.25), preserves_overage=True),
        Reset(day(2.25), preserves_overage=False),
    ]
    assert (periods.anchor_at(day(1)), periods.anchor_at(day(1.25))) == (T, day(1.25))


def test_after_a_reset_that_retains_the_anchor_the_period_is_cut_and_the_calendar_goes_on() -> None:
    periods = UsagePeriods(DAILY, T, T, manual=[ManualReset(day(1.25), T, preserves_overage=False)])

    assert periods.at(day(1.5)) == Period(day(1.25), day(2))
    assert periods.at(day(1.1)) == Period(day(1), day(1.25))


@pytest.mark.parametrize("is_preserved", [True, False])
def test_a_reset_by_hand_where_the_calendar_has_one_is_one_reset(is_preserved: bool) -> None:
    by_hand = ManualReset(day(2), T, preserves_overage=is_preserved)
    periods = UsagePeriods(DAILY, T, T, preserves_overage=not is_preserved, manual=[by_hand])

    assert list(periods.resets(day(1), day(2))) == [Reset(day(2), preserves_overage=is_preserved)]
