from dataclasses import fields
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meterhouse.kernel.errors import InvalidInput
from meterhouse.metering.conservation import Account, HourAccount, reported_period, total
from meterhouse.metering.event import EARLIEST, LATEST

NOW = datetime(2026, 3, 1, 10, 15, tzinfo=UTC)
HOUR = timedelta(hours=1)
accounts = st.builds(Account, **{one.name: st.integers(0, 10**9) for one in fields(Account)})
instants = st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30), timezones=st.just(UTC))  # noqa: DTZ001 - bounds


@given(accounts)
def test_accepted_is_the_sum_of_all_the_others(account: Account) -> None:
    others = ("counted", "unmatched", "invalid", "duplicate", "conflict", "dead", "pending", "unexplained")
    assert account.accepted == sum(getattr(account, name) for name in others)


@given(st.lists(accounts))
def test_what_is_unexplained_in_all_hours_is_unexplained_in_total(found: list[Account]) -> None:
    hours = [HourAccount(NOW + index * HOUR, account) for index, account in enumerate(found)]
    assert total(hours).unexplained == sum(account.unexplained for account in found)


@given(st.none() | instants, st.none() | instants)
def test_a_period_is_whole_hours_that_hold_what_was_asked_for_or_is_refused_by_name(
    from_: datetime | None, to: datetime | None
) -> None:
    try:
        period = reported_period(from_, to, NOW)
    except InvalidInput as error:
        refused = error
        period = None
    if period is None:
        assert [fault.field for fault in refused.problems] in (["query:from"], ["query:to"])
        return
    for bound in (period.start, period.end):
        assert bound == bound.replace(minute=0, second=0, microsecond=0)
    assert from_ is None or period.start <= from_ < period.start + HOUR
    assert to is None or period.end - HOUR < to <= period.end
    assert EARLIEST <= period.start < period.end <= LATEST


def test_without_bounds_it_is_the_last_day_with_the_open_hour() -> None:
    assert reported_period(None, None, NOW) == reported_period(NOW - 23 * HOUR, NOW, NOW)


@pytest.mark.parametrize("days", [31, 32])
def test_a_period_has_at_most_31_days(days: int) -> None:
    from_ = NOW.replace(minute=0) - timedelta(days=days)
    if days == 31:
        assert reported_period(from_, NOW.replace(minute=0), NOW).duration == timedelta(days=31)
    else:
        with pytest.raises(InvalidInput):
            reported_period(from_, NOW.replace(minute=0), NOW)
