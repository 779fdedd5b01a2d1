"""The history of a balance by hour and by day."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meterhouse.entitlements.burn_down import burn_down, opening, stretches
from meterhouse.entitlements.grant import Grant
from meterhouse.entitlements.history import History, history, marks_of, windows_between
from meterhouse.metering.usage import WindowSize
from tests.unit.entitlements.burn_down_samples import Amounts, T, at, grant, last_of, reset, told, used

UTC_ZONE = ZoneInfo("UTC")


def hourly(grants: Sequence[Grant], usage: Amounts, begins: float, ends: float, *, is_gauge: bool = False) -> History:
    use = last_of(usage) if is_gauge else used(usage)
    start = burn_down(opening(grants, T), grants, [], at(begins), use, is_gauge=is_gauge).balance
    windows = windows_between(WindowSize.HOUR, UTC_ZONE, at(begins), at(ends))
    return history(start, grants, [], at(ends), use, windows, is_gauge=is_gauge)


def test_a_window_that_began_before_the_history_is_left_out_and_the_last_is_whole() -> None:
    windows = windows_between(WindowSize.HOUR, UTC_ZONE, at(1.25), at(3.5))

    assert [(window.start, window.end) for window in windows] == [(at(2), at(3)), (at(3), at(4))]


def test_a_history_within_one_window_has_none() -> None:
    assert windows_between(WindowSize.DAY, UTC_ZONE, at(1), at(5)) == []


def test_a_window_that_would_begin_at_the_end_is_left_out() -> None:
    assert len(windows_between(WindowSize.HOUR, UTC_ZONE, T, at(2))) == 2


@pytest.mark.parametrize(
    ("day", "length"), [(datetime(2024, 3, 31, tzinfo=UTC), 23), (datetime(2024, 10, 27, tzinfo=UTC), 25)]
)
def test_a_day_in_which_clocks_change_has_23_or_25_hours(day: datetime, length: int) -> None:
    berlin = ZoneInfo("Europe/Berlin")
    start, until = day - timedelta(days=1), day + timedelta(days=2)

    days = windows_between(WindowSize.DAY, berlin, start, until)
    hours = windows_between(WindowSize.HOUR, berlin, start, until)

    changing = next(one for one in days if one.start.astimezone(berlin).date() == day.date())
    assert changing.duration == timedelta(hours=length)
    assert changing.start.astimezone(berlin).hour == 0
    assert len([hour for hour in hours if changing.contains(hour.start)]) == length


def test_hours_begin_where_the_zone_has_them() -> None:
    windows = windows_between(WindowSize.HOUR, ZoneInfo("Asia/Kolkata"), T, at(2))

    assert [window.start for window in windows] == [at(0.5), at(1.5)]


@given(
    st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe"]),
    st.sampled_from([WindowSize.HOUR, WindowSize.DAY]),
    st.integers(0, 366 * 24 * 60),
    st.integers(0, 5 * 24 * 60),
)
def test_windows_follow_one_another_without_a_gap(zone: str, size: WindowSize, begins: int, lasts: int) -> None:
    start = T + timedelta(minutes=begins)
    until = start + timedelta(minutes=lasts)

    windows = windows_between(size, ZoneInfo(zone), start, until)

    assert all(start <= window.start < until for window in windows)
    assert [window.end for window in windows[:-1]] == [window.start for window in windows[1:]]
    assert not windows or windows[-1].end >= until


def test_usage_before_the_first_window_is_in_no_window_and_has_lowered_its_balance() -> None:
    shown = hourly([grant("g1", 100)], {1.5: 10, 2.5: 20}, 1.25, 4)

    assert [told(window.usage, window.balance_at_start) for window in shown.windows] == [(20, 90), (0, 70)]


def test_the_last_window_has_the_usage_up_to_the_end() -> None:
    shown = hourly([grant("g1", 100)], {1: 10, 1.75: 20}, 1, 1.5)

    assert [told(window.usage, window.balance_at_start) for window in shown.windows] == [(10, 100)]


def test_a_balance_at_the_start_of_a_window_has_what_takes_effect_then() -> None:
    shown = hourly([grant("g1", 100), grant("g2", 50, begins=1)], {0.5: 120}, 0, 2)

    assert [window.balance_at_start for window in shown.windows] == [100, 30]


def test_a_gauge_has_the_value_of_its_windows_end_also_where_none_came() -> None:
    shown = hourly([grant("g1", 100)], {0.5: 10, 2.25: 30, 2.5: 20}, 1, 4, is_gauge=True)

    assert [told(window.usage, window.balance_at_start) for window in shown.windows] == [(10, 90), (20, 90), (20, 80)]


@given(
    st.dictionaries(st.integers(0, 30), st.decimals(-10, 10, places=1), max_size=10),
    st.integers(0, 10),
    st.integers(0, 20),
    st.booleans(),
)
def test_windows_tell_the_balances_that_runs_to_their_starts_give(
    usage: dict[int, Decimal], begins: int, lasts: int, is_gauge: bool
) -> None:
    grants = [grant("g1", 20, every=7), grant("g2", 20, begins=3, ends=15), grant("g3", 5, begins=12, priority=0)]

    shown = hourly(grants, usage, begins, begins + lasts, is_gauge=is_gauge)

    use = last_of(usage) if is_gauge else used(usage)
    for window in shown.windows:
        run = burn_down(opening(grants, T), grants, [], window.period.start, use, is_gauge=is_gauge)
        assert window.balance_at_start == run.balance.remaining


def test_the_usage_of_all_windows_can_be_fetched_beforehand() -> None:
    grants = [grant("g1", 100), grant("g2", 100, begins=1.5)]
    windows = windows_between(WindowSize.HOUR, UTC_ZONE, T, at(3))
    start, resets = opening(grants, T), [reset(2)]

    asked = stretches(start, grants, resets, at(3), marks_of(windows))

    assert [stretch.end for stretch in asked] == [at(1), at(1.5), at(2), at(3)]
    known = dict.fromkeys(asked, Decimal(5))
    assert [window.usage for window in history(start, grants, resets, at(3), known.__getitem__, windows).windows] == [
        5,
        10,
        5,
    ]
