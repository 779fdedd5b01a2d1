"""Which grants bear usage, and what a grant's beginning, end, recurrence and a reset do to what is left."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal, localcontext

import pytest

from meterhouse.entitlements.burn_down import Balance, Tally, burn_down, opening, stretches
from meterhouse.entitlements.grant import Grant, Recurrence
from meterhouse.kernel.cadence import Cadence, CadenceUnit
from meterhouse.kernel.errors import InvariantBroken
from tests.unit.entitlements.burn_down_samples import (
    HOUR,
    NOTHING,
    T,
    at,
    grant,
    left,
    reset,
    run,
    told,
    usage_left_overage,
    used,
)

MINUTE = 1 / 60


# what begins and ends


def test_a_grant_counts_from_the_minute_it_begins() -> None:
    grants = [grant("g1", 100, begins=2)]

    assert left(grants, until=2 - MINUTE) == {}
    assert left(grants, until=2) == {"g1": 100}


def test_the_last_minute_before_an_expiry_burns_the_grant_and_the_minute_of_the_expiry_does_not() -> None:
    grants = [grant("g1", 100, ends=2)]

    run_ = run(grants, used({2 - MINUTE: 10, 2: 20}))

    assert run_.tallies["g1"].burnt == 10
    assert run_.tallies["g1"].expired == 90
    assert run_.balance.overage == 20


def test_late_usage_of_before_an_expiry_burns_the_grant_that_has_expired_since() -> None:
    grants = [grant("g1", 100, ends=2), grant("g2", 100)]

    known = run(grants, used({}))
    late = run(grants, used({1: 30}))

    assert known.tallies["g1"].expired == 100
    assert late.tallies["g1"] == Tally(brought=Decimal(100), burnt=Decimal(30), expired=Decimal(70))
    assert late.balance.balances == {"g2": 100}


def test_of_a_voided_grant_what_was_burnt_stays_burnt_and_the_rest_is_voided() -> None:
    grants = [grant("g1", 100, ends=5, voided=2)]

    assert run(grants, used({1: 30})).tallies["g1"] == Tally(
        brought=Decimal(100), burnt=Decimal(30), voided=Decimal(70)
    )


def test_a_void_does_not_change_what_was_burnt_before_it() -> None:
    grants = [grant("kept", 100, ends=30), grant("voided", 100, voided=5)]

    assert left(grants, used({1: 30})) == {"kept": 70}


@pytest.mark.parametrize("never", [grant("g1", begins=2, ends=2), grant("g1", begins=2, voided=1)])
def test_a_grant_that_ends_before_it_could_begin_never_counts(never: Grant) -> None:
    assert left([never], until=3) == {}
    assert stretches(opening([never], T), [never], [], at(3))[0].end == at(3)


def test_overage_is_paid_by_the_next_grant_as_it_begins() -> None:
    grants = [grant("g1", 100), grant("g2", 50, begins=5)]

    balance = run(grants, used({1: 120}), 5).balance

    assert balance.balances == {"g1": 0, "g2": 30}
    assert usage_left_overage(balance) == (120, 30, 0)


def test_the_least_priority_is_burnt_first_and_then_what_expires_first() -> None:
    grants = [grant("later", 10, priority=2), grant("never", 10), grant("soon", 10, ends=30)]

    assert left(grants, used({1: 15})) == {"soon": 0, "never": 5, "later": 10}


# what recurs


def test_a_recurrence_sets_the_whole_amount_and_what_was_left_is_lost() -> None:
    run_ = run([grant("g1", 100, every=10)], used({1: 30}), 10)

    assert run_.balance.balances == {"g1": 100}
    assert run_.tallies["g1"].lost == 70


def test_a_grant_does_not_recur_before_it_begins_nor_as_it_begins_nor_as_it_ends() -> None:
    # anchored within its time, and reckoned backwards from there: at 4 (where it begins), 14, 24 (where it ends)
    grants = [grant("g1", 100, begins=4, ends=24, every=10, anchor=14)]

    run_ = run(grants, until=30)

    assert run_.tallies["g1"].granted == 200
    assert [segment.end for segment in run_.segments] == [at(4), at(14), at(24), at(30)]


def test_monthly_recurrence_of_the_31st_comes_on_the_last_day_of_shorter_months() -> None:
    begins = datetime(2024, 1, 31, tzinfo=UTC)
    monthly = Recurrence(Cadence(1, CadenceUnit.MONTH), begins)
    grants = [replace(grant("g1"), effective_at=begins, recurrence=monthly)]

    asked = stretches(opening(grants, begins), grants, [], datetime(2024, 4, 30, tzinfo=UTC))

    assert [(stretch.end.month, stretch.end.day) for stretch in asked] == [(2, 29), (3, 31), (4, 30)]


def test_a_recurrence_beyond_the_calendar_never_comes() -> None:
    rare = Recurrence(Cadence(5000, CadenceUnit.YEAR), T)
    grants = [replace(grant("g1", 100), recurrence=rare)]

    assert left(grants, used({1: 30})) == {"g1": 70}
    assert list(rare.instants_after(T)) == [T.replace(year=7024)]


# what is reset


def test_at_a_reset_a_balance_is_capped_by_the_most_and_lifted_to_the_least() -> None:
    grants = [
        grant("capped", 100, rollover=(0, 20), priority=3),
        grant("lifted", 100, rollover=(50, 80)),
        grant("kept", 100, rollover=(0, 100), priority=2),
        grant("gone", 100, priority=4),
    ]

    run_ = run(grants, used({1: 100, 2: 10}), 10, reset(10))

    assert run_.balance.balances == {"lifted": 50, "kept": 90, "capped": 20, "gone": 0}
    assert run_.tallies["lifted"].gained == 50
    assert run_.tallies["capped"].lost == 80


def test_a_least_above_the_most_gives_the_most() -> None:
    assert left([grant("g1", 100, rollover=(50, 30))], NOTHING, 10, reset(10)) == {"g1": 30}


def test_an_issue_after_reset_is_whole_in_every_period() -> None:
    grants = [grant("issue", 100, rollover=(100, 100))]
    resets = [reset(hour) for hour in (5, 10, 15)]

    assert left(grants, used({1: 30, 6: 80, 11: 100}), 15, *resets) == {"issue": 100}


def test_what_recurs_between_two_resets_is_capped_at_the_second_too() -> None:
    grants = [grant("g1", 100, every=7, rollover=(0, 20))]

    assert left(grants, NOTHING, 5, reset(5), reset(10)) == {"g1": 20}
    assert left(grants, NOTHING, 7, reset(5), reset(10)) == {"g1": 100}
    assert left(grants, NOTHING, 10, reset(5), reset(10)) == {"g1": 20}


def test_a_grant_that_ends_at_a_reset_is_not_lifted_to_its_least() -> None:
    run_ = run([grant("g1", 100, ends=5, rollover=(100, 100))], used({1: 100}), 5, reset(5))

    assert run_.balance.balances == {}
    assert run_.tallies["g1"].gained == 0


def test_preserved_overage_is_paid_by_what_rolls_over_and_by_what_begins_at_the_reset() -> None:
    grants = [grant("g1", 100, rollover=(30, 30)), grant("g2", 50, begins=5)]

    balance = run(grants, used({1: 160}), 5, reset(5, preserving=True)).balance

    assert balance.balances == {"g1": 0, "g2": 20}
    assert told(balance.usage, balance.granted_usage) == (0, 60)


def test_what_paid_preserved_overage_is_lifted_again_at_the_next_reset() -> None:
    grants = [grant("g1", 100, rollover=(30, 30))]

    assert left(grants, used({1: 110}), 10, reset(5, preserving=True), reset(10)) == {"g1": 30}


def test_usage_granted_usage_and_period_begin_anew_at_a_reset() -> None:
    grants = [grant("g1", 100, rollover=(0, 100))]

    balance = run(grants, used({1: 30, 6: 5}), 10, reset(5)).balance

    assert balance.period_start == at(5)
    assert told(balance.usage, balance.granted_usage, balance.total_available) == (5, 5, 70)


# exactness


def test_no_digit_is_lost_of_the_largest_and_the_least_values() -> None:
    huge, tiny = Decimal("99999999999999999999.999999999999999999"), Decimal("0.000000000000000001")
    grants = [grant(f"g{number}", huge) for number in range(20)]
    total = Decimal("1999999999999999999999.999999999999999980")

    with localcontext(prec=5):
        opened = opening(grants, T)
        remaining = opened.remaining
        balance = burn_down(opened, grants, [], at(5), used({1: tiny})).balance
        left_, available = balance.remaining, balance.total_available

    assert remaining == available == total
    assert left_ == Decimal("1999999999999999999999.999999999999999979")
    assert balance.balances["g0"] == Decimal("99999999999999999999.999999999999999998")


def test_a_long_sum_of_usage_is_exact() -> None:
    grants = [grant("g1", Decimal(10) ** 38), *(grant(f"c{hour}", 1, hour, hour + 1, priority=2) for hour in range(20))]
    amount = Decimal(f"1{'0' * 36}.333333333333333333")

    balance = run(grants, used(dict.fromkeys(range(20), amount))).balance

    assert balance.usage == Decimal(f"2{'0' * 36}6.666666666666666660")
    assert balance.balances["g1"] == Decimal(f"7{'9' * 36}3.333333333333333340")


# what is refused


def test_a_run_does_not_go_back_in_time() -> None:
    with pytest.raises(ValueError, match="cannot end before"):
        burn_down(Balance(at(5), T), [], [], at(4), NOTHING)


def test_two_resets_at_one_instant_are_refused() -> None:
    with pytest.raises(ValueError, match="once"):
        run([], NOTHING, 10, reset(5), reset(5, preserving=True))


def test_resets_after_the_end_are_left_out() -> None:
    assert run([], used({1: 10}), 4, reset(5)).balance.usage == 10


@pytest.mark.parametrize(
    ("start", "grants", "why"),
    [
        (Balance(T, T, {"g1": Decimal(-1)}), [grant("g1")], "less than nothing"),
        (Balance(T, T), [grant("g1"), grant("g1", 5)], "same id"),
        (Balance(T, T, settled={"g9": Decimal(1)}), [grant("g1")], "g9"),
    ],
)
def test_a_start_that_contradicts_the_grants_breaks_an_invariant(
    start: Balance, grants: Sequence[Grant], why: str
) -> None:
    with pytest.raises(InvariantBroken, match=why):
        burn_down(start, grants, [], T + HOUR, NOTHING)


def test_no_grant_begins_before_measuring() -> None:
    with pytest.raises(InvariantBroken, match="g1"):
        opening([grant("g1", begins=-1)], T)
