from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meterhouse.entitlements.burn_down import Balance
from meterhouse.entitlements.thresholds import (
    Change,
    Crossing,
    Threshold,
    ThresholdKind,
    changed,
    crossed,
    leading,
    percentages,
)

AT = datetime(2024, 1, 1, tzinfo=UTC)
LATER = AT + timedelta(hours=1)


def threshold(kind: str, value: str) -> Threshold:
    return Threshold(ThresholdKind(kind), Decimal(value))


def balance(left: str, usage: str, total: str) -> Balance:
    """A balance with so much left of `total` and so much usage, whoever bore it."""
    granted_usage = Decimal(total) - Decimal(left)
    return Balance(AT, AT, {"grant": Decimal(left)}, usage=Decimal(usage), granted_usage=granted_usage)


@pytest.mark.parametrize(
    ("case", "thresholds", "state", "expected"),
    [
        ("NT-01", "usage_value:20 usage_value:10 usage_value:30", ("5", "25", "30"), "usage_value:20"),
        ("NT-03", "usage_value:20 usage_value:10 usage_value:30", ("0", "35", "25"), "usage_value:30"),
        ("NT-05", "usage_percentage:50 usage_percentage:100 usage_percentage:110", ("100", "0", "100"), ""),
        ("NT-07", "usage_value:20 usage_value:10 usage_percentage:50", ("14", "16", "30"), "usage_percentage:50"),
        ("NT-09", "usage_value:15 usage_percentage:50", ("15", "15", "30"), ""),
        ("NT-11", "balance_value:20 balance_value:10 balance_value:30", ("25", "0", "25"), "balance_value:30"),
        ("NT-13", "balance_value:10 usage_value:20", ("5", "25", "30"), "balance_value:10 usage_value:20"),
        ("NT-15", "balance_value:15", ("15", "15", "30"), ""),
        (
            "NT-17",
            "usage_percentage:50 usage_percentage:100 usage_percentage:150",
            ("10", "90", "100"),
            "usage_percentage:50",
        ),
    ],
)
def test_the_most_advanced_thresholds_are_those_of_the_worked_examples(
    case: str, thresholds: str, state: tuple[str, str, str], expected: str
) -> None:
    found = leading(map(Threshold.parse, thresholds.split()), balance(*state))

    assert sorted(map(str, found)) == sorted(expected.split()), case


def test_all_that_is_used_crosses_one_hundred_per_cent_exactly() -> None:
    whole = threshold("usage_percentage", "100")

    assert whole.is_crossed(balance("0", "30", "30"))
    assert not whole.is_crossed(balance("0.000000000000000001", "29.999999999999999999", "30"))


def test_any_other_threshold_is_not_crossed_by_reaching_it() -> None:
    reached = balance("15", "15", "30")

    assert crossed([threshold("usage_percentage", "50"), threshold("usage_value", "15")], reached) == []
    assert crossed([threshold("balance_value", "15")], reached) == []


def test_usage_that_nothing_was_granted_for_is_past_its_value_and_past_no_share() -> None:
    thresholds = [threshold("usage_value", "10"), threshold("usage_percentage", "50"), threshold("balance_value", "5")]

    assert crossed(thresholds, balance("0", "11", "0")) == [thresholds[0]]


def test_a_jump_over_several_thresholds_crosses_each_and_the_last_leads() -> None:
    thresholds = percentages("50, 75, 90, 100")
    past = balance("5", "95", "100")

    assert crossed(thresholds, past) == thresholds[:3]
    assert leading(thresholds, past) == {thresholds[2]}


def test_a_threshold_given_twice_is_crossed_once() -> None:
    assert crossed(percentages("50,50.0"), balance("40", "60", "100")) == percentages("50")


def test_a_crossing_begins_once_and_ends_when_the_balance_is_back() -> None:
    half = threshold("usage_percentage", "50")

    first = changed([], [half], AT)
    assert first == Change(begun=(Crossing(half, 1, AT),))
    assert changed(first.begun, [half], LATER) == Change()
    assert changed(first.begun, [], LATER) == Change(ended=(Crossing(half, 1, AT, LATER),))


def test_crossing_again_is_the_next_crossing() -> None:
    half = threshold("usage_percentage", "50")

    assert changed([Crossing(half, 1, AT, LATER)], [half], LATER).begun == (Crossing(half, 2, LATER),)


def test_the_worked_flow_tells_each_crossing_and_not_again_what_was_never_left() -> None:
    """NT-30. OpenMeter tells once more of 1000 units when 95 % is left again; those were passed all the time."""
    thresholds = [threshold("usage_percentage", "95"), threshold("usage_value", "1000")]
    first_period = [
        ("100", "50", "150"),
        ("4", "96", "100"),
        ("3", "97", "100"),
        ("2003", "97", "2100"),
        ("1003", "1097", "2100"),
        ("3", "2097", "2100"),
        ("1003", "2097", "3100"),
    ]
    second_period = [("100", "0", "100"), ("1", "99", "100")]
    told = []
    for states in (first_period, second_period):
        known: dict[tuple[Threshold, int], Crossing] = {}
        for state in states:
            change = changed(list(known.values()), crossed(thresholds, balance(*state)), AT)
            known |= {(crossing.threshold, crossing.nth): crossing for crossing in (*change.begun, *change.ended)}
            told.append([str(crossing.threshold) for crossing in change.begun])

    percent, number = "usage_percentage:95", "usage_value:1000"
    assert told == [[], [percent], [], [], [number], [percent], [], [], [percent]]


@given(st.lists(st.sets(st.sampled_from(percentages("50,75,90,100"))), max_size=12))
def test_whatever_the_balances_were_what_is_open_is_what_is_past(history: list[set[Threshold]]) -> None:
    known: dict[tuple[Threshold, int], Crossing] = {}
    for past in history:
        change = changed(list(known.values()), past, AT)
        for crossing in (*change.begun, *change.ended):
            known[crossing.threshold, crossing.nth] = crossing
        assert {one.threshold for one in known.values() if one.ended_at is None} == past
        assert changed(list(known.values()), past, LATER) == Change()


def test_a_threshold_is_written_and_read_again() -> None:
    for written in ("usage_percentage:50", "balance_value:0.5", "usage_value:100000000000000000000000000000.5"):
        assert str(Threshold.parse(written)) == written
    assert str(threshold("usage_value", "1E+2")) == "usage_value:100"


@pytest.mark.parametrize("text", ["fifty", "0", "-1", "50,,75", "NaN"])
def test_a_setting_that_is_no_list_of_percentages_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="numbers above 0"):
        percentages(text)


def test_no_percentages_are_no_thresholds() -> None:
    assert percentages("") == []
