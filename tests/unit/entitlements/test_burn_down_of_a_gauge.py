"""LATEST: usage is a value that stays until another comes. It is taken back and borne anew, never used up."""

from collections.abc import Sequence
from decimal import Decimal

import pytest

from meterhouse.entitlements.burn_down import BurnDown, Tally, burn_down, opening
from meterhouse.entitlements.grant import Grant
from meterhouse.entitlements.usage_period import Reset
from tests.unit.entitlements.burn_down_samples import Amounts, T, at, grant, last_of, reset, told, usage_left_overage


def run(grants: Sequence[Grant], values: Amounts, until: float, *resets: Reset) -> BurnDown:
    return burn_down(opening(grants, T), grants, resets, at(until), last_of(values), is_gauge=True)


def test_a_value_is_borne_until_another_comes() -> None:
    grants = [grant("g1", 100), grant("cut", 1, begins=5, ends=6, priority=9)]

    assert usage_left_overage(run(grants, {1: 60}, 20).balance) == (60, 40, 0)
    assert usage_left_overage(run(grants, {1: 60, 10: 20}, 20).balance) == (20, 80, 0)


def test_before_the_first_value_nothing_is_used() -> None:
    assert usage_left_overage(run([grant("g1", 100)], {5: 60}, 5).balance) == (0, 100, 0)


def test_what_exceeds_the_grants_is_overage_now_and_is_not_carried() -> None:
    grants = [grant("g1", 100), grant("g2", 100, begins=10)]
    values = {1: 130, 5: 90}

    assert usage_left_overage(run(grants, values, 4).balance) == (130, 0, 30)
    assert usage_left_overage(run(grants, values, 9).balance) == (90, 10, 0)
    assert usage_left_overage(run(grants, values, 10).balance) == (90, 110, 0)


def test_a_grant_that_begins_bears_what_was_overage_at_once() -> None:
    balance = run([grant("g1", 100), grant("g2", 100, begins=10)], {1: 130}, 10).balance

    assert usage_left_overage(balance) == (130, 70, 0)


def test_what_an_expired_grant_bore_is_borne_by_others() -> None:
    grants = [grant("g1", 50, ends=10), grant("g2", 100)]

    run_ = run(grants, {1: 60}, 10)

    assert run_.balance.balances == {"g2": 40}
    assert run_.tallies["g1"] == Tally(brought=Decimal(50), expired=Decimal(50))
    assert run_.tallies["g2"] == Tally(brought=Decimal(100), remaining=Decimal(40), burnt=Decimal(60))


@pytest.mark.parametrize("most", [100, 30])
def test_a_reset_rolls_over_the_limits_and_the_value_is_borne_anew(most: int) -> None:
    grants = [grant("g1", 100, rollover=(0, most))]

    balance = run(grants, {1: 20}, 15, reset(5), reset(10)).balance

    assert balance.period_start == at(10)
    assert usage_left_overage(balance) == (20, most - 20, 0)
    assert balance.total_available == most


def test_a_reset_preserves_no_overage_of_a_gauge() -> None:
    grants = [grant("g1", 100, rollover=(100, 100))]

    assert usage_left_overage(run(grants, {1: 130, 6: 50}, 10, reset(5, preserving=True)).balance) == (50, 50, 0)


def test_a_value_below_zero_is_told_and_bears_nothing() -> None:
    balance = run([grant("g1", 100)], {1: 60, 2: -5}, 10).balance

    assert usage_left_overage(balance) == (-5, 100, 0)
    assert balance.credit == 0


def test_each_segment_begins_with_all_given_back() -> None:
    grants = [grant("g1", 100), grant("g2", 50, begins=5)]

    first, second = run(grants, {1: 60}, 10).segments

    assert told(first.balance_at_start, first.usage, first.balance_at_end) == (100, 60, 40)
    assert told(second.balance_at_start, second.usage, second.balance_at_end) == (150, 60, 90)
    assert told(*second.grant_usages) == (("g1", 60),)
