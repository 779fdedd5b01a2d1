"""Usage below zero: whom it is given back to, and what becomes of more than anybody bore."""

from meterhouse.entitlements.burn_down import burn_down
from tests.unit.entitlements.burn_down_samples import at, grant, left, reset, run, usage_left_overage, used


def test_negative_usage_lowers_overage_first_and_is_then_given_back_in_reverse_burn_order() -> None:
    grants = [grant("g1", 10), grant("g2", 10, ends=30, priority=2), grant("cut", 1, begins=3, ends=4)]
    usage = used({1: 25, 2: 0, 5: -12})

    run_ = run(grants, usage)

    # of 25, 5 were overage; "cut" paid 1 of it
    assert run_.tallies["cut"].burnt == 1
    assert usage_left_overage(run_.balance) == (13, 8, 0)
    assert run_.balance.balances == {"g1": 0, "g2": 8}


def test_within_a_stretch_only_the_sum_counts() -> None:
    grants = [grant("g1", 10), grant("g2", 10, priority=2)]

    rising = run(grants, used({1: -5, 2: 15})).balance
    falling = run(grants, used({1: 15, 2: -5})).balance

    assert rising == falling
    assert rising.balances == {"g1": 0, "g2": 10}


def test_where_a_run_is_cut_within_a_stretch_does_not_matter_to_what_is_given_back() -> None:
    # "first" begins when the others have been burnt: what is given back to them and burnt again is not burnt from them
    grants = [grant("g1", 100), grant("g2", 100, priority=2), grant("first", 10, begins=2, priority=0)]
    usage = used({1: 150, 3: -80, 5: 85})

    between = run(grants, usage, 4).balance
    resumed = burn_down(between, grants, [], at(6), usage).balance

    assert between.balances == {"first": 10, "g1": 30, "g2": 100}
    assert resumed == run(grants, usage, 6).balance
    assert resumed.balances == {"first": 5, "g1": 0, "g2": 50}


def test_no_grant_is_given_back_more_than_it_bore_since_it_had_its_amount() -> None:
    grants = [grant("g1", 100, every=10)]

    run_ = run(grants, used({1: 30, 11: -20}), 15)

    assert run_.balance.balances == {"g1": 100}
    assert run_.balance.credit == 20


def test_what_an_ended_grant_bore_is_not_given_back_to_others() -> None:
    grants = [grant("g1", 100, ends=5), grant("g2", 100, begins=5)]

    run_ = run(grants, used({1: 30, 6: -20}))

    assert run_.balance.balances == {"g2": 100}
    assert run_.tallies["g1"].burnt == 30


def test_a_credit_is_used_before_anything_burns_and_ends_with_the_period() -> None:
    grants = [grant("g1", 100, rollover=(0, 100)), grant("cut", 1, begins=2, ends=3)]
    usage = used({1: -20, 4: 15, 11: 7})

    assert left(grants, usage, 5) == {"g1": 100}
    assert run(grants, usage, 5).balance.credit == 5
    assert left(grants, usage, 12, reset(10, preserving=True)) == {"g1": 93}
