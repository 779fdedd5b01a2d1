from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from meterhouse.entitlements.announcement import Told, Window, announcements
from meterhouse.entitlements.entitlement import Allowance, Entitlement, EntitlementType
from meterhouse.entitlements.grant import Grant, Recurrence
from meterhouse.entitlements.usage_period import ManualReset, UsagePeriods
from meterhouse.kernel.cadence import Cadence

T0 = datetime(2024, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)
YEAR = Window(T0, T0 + 366 * DAY)


def entitlement(**changes: Any) -> Entitlement:
    periods = UsagePeriods(Cadence.parse("P1M"), T0, T0)
    made = Entitlement("01E", "01C", "01F", "calls", EntitlementType.METERED, T0, T0, T0, allowance=Allowance(periods))
    return replace(made, **changes)


def grant(**changes: Any) -> Grant:
    return replace(Grant("01G", "01E", Decimal(100), T0, T0, T0), **changes)


def refilled(**changes: Any) -> Grant:
    return grant(min_rollover=Decimal(100), max_rollover=Decimal(100), **changes)


def told(of: Grant, by: Entitlement | None = None, window: Window = YEAR, *resets: datetime) -> list[tuple[Told, str]]:
    found = announcements(of, by or entitlement(), window, resets)
    return [(one.told, f"{one.at:%m-%dT%H:%M}") for one in found]


def test_a_grant_that_expires_is_told_of_once_at_its_end() -> None:
    assert told(grant(expires_at=T0 + 9 * DAY)) == [(Told.EXPIRED, "01-10T00:00")]


def test_what_was_voided_before_does_not_expire() -> None:
    assert told(grant(expires_at=T0 + 9 * DAY, voided_at=T0 + DAY)) == []


def test_what_was_to_be_voided_later_expires() -> None:
    assert told(grant(expires_at=T0 + DAY, voided_at=T0 + 9 * DAY)) == [(Told.EXPIRED, "01-02T00:00")]


def test_a_recurring_grant_is_issued_at_each_recurrence_until_it_expires() -> None:
    weekly = Recurrence(Cadence.parse("P1W"), T0 - DAY)

    found = told(grant(recurrence=weekly, expires_at=T0 + 13 * DAY))

    assert found == [(Told.EXPIRED, "01-14T00:00"), (Told.ISSUED, "01-07T00:00")]


def test_what_begins_is_not_issued_anew() -> None:
    assert told(grant(recurrence=Recurrence(Cadence.parse("P1Y"), T0)), window=Window(T0 - DAY, T0 + DAY)) == []


def test_a_grant_that_each_reset_fills_is_issued_at_each_reset() -> None:
    found = told(refilled(), window=Window(T0, T0 + 62 * DAY))

    assert found == [(Told.ISSUED, "02-01T00:00"), (Told.ISSUED, "03-01T00:00")]


def test_a_grant_that_rolls_over_what_is_left_is_not_issued() -> None:
    assert told(grant(min_rollover=Decimal(50), max_rollover=Decimal(100))) == []
    assert told(grant(min_rollover=Decimal(100), max_rollover=Decimal(99))) == []


def test_a_reset_by_hand_is_told_when_somebody_asked_for_it_whenever_it_took_effect() -> None:
    earlier = T0 + DAY
    manual = [ManualReset(earlier, T0, preserves_overage=False)]
    by = entitlement(allowance=Allowance(UsagePeriods(Cadence.parse("P1M"), T0, T0, manual=manual)))
    later = Window(T0 + 2 * DAY, T0 + 3 * DAY)

    assert told(refilled(), by, Window(T0, T0 + 2 * DAY)) == []
    assert told(refilled(), by, later, earlier) == [(Told.ISSUED, "01-02T00:00")]


def test_a_reset_and_a_recurrence_at_one_instant_issue_once() -> None:
    monthly = refilled(recurrence=Recurrence(Cadence.parse("P1M"), T0))

    assert told(monthly, window=Window(T0, T0 + 40 * DAY)) == [(Told.ISSUED, "02-01T00:00")]


def test_nothing_is_told_of_grants_whose_entitlement_is_over_or_has_not_begun() -> None:
    monthly = refilled(expires_at=T0 + 80 * DAY)
    over, to_be = entitlement(active_to=T0 + 31 * DAY), entitlement(active_from=T0 + 32 * DAY)

    assert told(monthly, over) == []
    assert told(monthly, to_be) == [(Told.EXPIRED, "03-21T00:00"), (Told.ISSUED, "03-01T00:00")]


@given(cuts=st.lists(st.integers(1, 60 * 24), max_size=6), expiry=st.integers(1, 60 * 24), hours=st.integers(1, 200))
def test_windows_that_follow_each_other_tell_what_one_window_tells(cuts: list[int], expiry: int, hours: int) -> None:
    every = Recurrence(Cadence.parse(f"PT{hours}H"), T0)
    one = refilled(recurrence=every, expires_at=T0 + timedelta(hours=expiry))
    edges = [T0, *sorted(T0 + timedelta(hours=cut) for cut in cuts), T0 + 60 * DAY]

    in_parts = [told(one, window=Window(start, end)) for start, end in pairwise(edges)]

    assert sorted(part for parts in in_parts for part in parts) == sorted(told(one, window=Window(T0, edges[-1])))
