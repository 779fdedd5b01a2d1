from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meterhouse.kernel.period import Period, share

INSTANTS = st.datetimes(timezones=st.just(UTC))
PERIODS = st.lists(INSTANTS, min_size=2, max_size=2, unique=True).map(lambda ends: Period(min(ends), max(ends)))


def day(number: int) -> datetime:
    return datetime(2013, 1, number, tzinfo=UTC)


def days(start: int, end: int) -> Period:
    return Period(day(start), day(end))


@pytest.mark.parametrize("end", [1, 2])
def test_a_period_that_does_not_end_after_its_start_is_refused(end: int) -> None:
    with pytest.raises(ValueError, match="starts before it ends"):
        days(2, end)


def test_a_naive_boundary_is_refused() -> None:
    with pytest.raises(ValueError, match="no time zone"):
        Period(datetime(2013, 1, 1), day(2))  # noqa: DTZ001 - the fault under test


def test_boundaries_are_kept_in_utc() -> None:
    new_york = timezone(timedelta(hours=-5))
    period = Period(datetime(2013, 1, 1, tzinfo=new_york), day(2))
    assert str(period) == "[2013-01-01T05:00:00Z, 2013-01-02T00:00:00Z)"


def test_the_start_belongs_to_a_period_and_the_end_does_not() -> None:
    assert days(1, 3).contains(day(1))
    assert days(1, 3).contains(day(2))
    assert not days(1, 3).contains(day(3))
    assert days(1, 3).duration == timedelta(days=2)


def test_periods_that_touch_do_not_overlap() -> None:
    assert not days(1, 3).overlaps(days(3, 5))
    assert days(1, 3).intersection(days(3, 5)) is None
    assert days(1, 4).intersection(days(3, 5)) == days(3, 4)
    assert days(1, 9).intersection(days(3, 5)) == days(3, 5)


@pytest.mark.parametrize(
    ("parts", "tiled"),
    [
        ([days(1, 2), days(2, 5)], True),
        ([days(2, 5), days(1, 2)], True),
        ([days(1, 5)], True),
        ([], False),
        ([days(1, 2), days(3, 5)], False),
        ([days(1, 3), days(2, 5)], False),
        ([days(1, 4)], False),
        ([days(1, 6)], False),
    ],
)
def test_parts_tile_a_period_when_they_leave_no_gap_and_no_overlap(parts: list[Period], tiled: bool) -> None:
    assert days(1, 5).tiles(parts) is tiled


def test_a_share_is_the_exact_ratio_and_never_more_than_the_whole() -> None:
    assert share(days(17, 31), days(1, 31)) == Fraction(14, 30)
    assert share(days(1, 2), days(2, 4)) == 0
    assert share(days(1, 9), days(2, 4)) == 1


@given(PERIODS, PERIODS)
def test_an_intersection_is_symmetric_and_lies_in_both(one: Period, two: Period) -> None:
    common = one.intersection(two)
    assert common == two.intersection(one)
    assert (common is not None) == one.overlaps(two)
    if common is not None:
        assert one.contains(common.start)
        assert two.contains(common.start)
        assert common.end == min(one.end, two.end)


@given(st.lists(INSTANTS, min_size=2, max_size=6, unique=True).map(sorted))
def test_a_period_cut_anywhere_is_tiled_and_its_shares_sum_to_one(cuts: list[datetime]) -> None:
    whole = Period(cuts[0], cuts[-1])
    parts = [Period(start, end) for start, end in pairwise(cuts)]
    assert whole.tiles(parts)
    assert sum(share(part, whole) for part in parts) == 1
