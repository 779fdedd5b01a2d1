from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meterhouse.kernel.allocation import allocate, rounded_together
from meterhouse.kernel.rounding import round_half_away

if TYPE_CHECKING:
    from random import Random

TOTALS = st.decimals(min_value=-(10**15), max_value=10**15, places=2)
WEIGHTS = st.dictionaries(
    st.text("abc", max_size=3), st.decimals(min_value=0, max_value=10**9, places=3), min_size=1, max_size=6
).filter(lambda weights: any(weights.values()))


def weigh(*weights: int) -> list[tuple[str, Decimal]]:
    return [(key, Decimal(weight)) for key, weight in zip("abcdef", weights, strict=False)]


@pytest.mark.parametrize(
    ("total", "exponent", "weights", "parts"),
    [
        ("6.00", 2, [10, 5], ["4.00", "2.00"]),  # AL-01
        ("5", 0, [1, 1, 1], ["2", "2", "1"]),  # AL-03
        ("5.00", 2, [10, 5], ["3.33", "1.67"]),  # AL-05
        ("0.0005", 4, [1, 1], ["0.0003", "0.0002"]),  # AL-07
        ("-5.00", 2, [10, 5], ["-3.33", "-1.67"]),
        ("-5", 0, [1, 1, 1], ["-2", "-2", "-1"]),
        ("0.00", 2, [1, 1], ["0.00", "0.00"]),
        ("0.01", 2, [0, 1], ["0.00", "0.01"]),
    ],
)
def test_the_largest_remainders_get_the_last_steps(
    total: str, exponent: int, weights: list[int], parts: list[str]
) -> None:
    assert [str(part) for part in allocate(Decimal(total), weigh(*weights), exponent).values()] == parts


@pytest.mark.parametrize(
    ("total", "weights", "reason"),
    [
        ("1.00", [], "no weight"),
        ("1.00", weigh(0, 0), "no weight"),
        ("1.00", weigh(2, -1), "negative"),
        ("1.00", weigh(1) + weigh(1), "twice"),
        ("1.001", weigh(1), "more than 2 digits"),
    ],
)
def test_a_total_that_cannot_be_divided_is_refused(total: str, weights: list[tuple[str, Decimal]], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        allocate(Decimal(total), weights, 2)


@given(TOTALS, WEIGHTS)
def test_the_parts_sum_to_the_total_exactly(total: Decimal, weights: dict[str, Decimal]) -> None:
    parts = allocate(total, list(weights.items()), 2)
    assert sum(map(Fraction, parts.values())) == Fraction(total)
    assert parts.keys() == weights.keys()


@given(TOTALS, WEIGHTS)
def test_no_part_is_a_whole_step_away_from_its_exact_share(total: Decimal, weights: dict[str, Decimal]) -> None:
    whole = sum(map(Fraction, weights.values()))
    for key, part in allocate(total, list(weights.items()), 2).items():
        assert abs(Fraction(part) - Fraction(total) * Fraction(weights[key]) / whole) < Fraction(1, 100)


@given(TOTALS, WEIGHTS, st.randoms(use_true_random=False))
def test_the_order_of_the_weights_changes_nothing(total: Decimal, weights: dict[str, Decimal], rng: Random) -> None:
    shuffled = list(weights.items())
    rng.shuffle(shuffled)
    assert allocate(total, shuffled, 2) == allocate(total, list(weights.items()), 2)


@pytest.mark.parametrize(
    ("amounts", "rounded"),
    [
        ([], []),
        (["0.005"], ["0.01"]),
        (["0.005", "0.005"], ["0.01", "0.00"]),
        (["0.0914328", "124", "20.3735784"], ["0.09", "124.00", "20.38"]),
        (["1.994", "1.994", "0.004"], ["2.00", "1.99", "0.00"]),
    ],
)
def test_amounts_rounded_together_come_to_their_rounded_sum(amounts: list[str], rounded: list[str]) -> None:
    assert [str(one) for one in rounded_together([Decimal(one) for one in amounts], 2)] == rounded


@given(st.lists(st.decimals(min_value=0, max_value=10**9, places=5), max_size=8))
def test_amounts_rounded_together_stay_within_a_step_and_keep_what_needs_no_rounding(amounts: list[Decimal]) -> None:
    rounded = rounded_together(amounts, 2)

    assert sum(rounded, Decimal(0)) == round_half_away(sum(amounts, Decimal(0)), 2)
    assert all(abs(one - amount) < Decimal("0.01") for one, amount in zip(rounded, amounts, strict=True))
