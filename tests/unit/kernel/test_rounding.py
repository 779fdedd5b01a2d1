from __future__ import annotations

from decimal import Decimal, Inexact, InvalidOperation, localcontext
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meterhouse.kernel.rounding import EXACT, Rounding, fits, round_decimal, round_fraction, round_half_away

AMOUNTS = st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**40), max_value=10**40)
EXPONENTS = st.integers(-3, 12)
MODES = st.sampled_from(Rounding)
HALVES = ("2.5", "-2.5", "3.5", "-3.5")


@pytest.mark.parametrize(
    ("value", "exponent", "rounded"),
    [
        ("1.23456789", 2, "1.23"),  # RN-01
        ("1.2346", 0, "1"),  # RN-03
        ("1.23456789", 4, "1.2346"),  # RN-05
        ("0.005", 2, "0.01"),
        ("-0.005", 2, "-0.01"),
        ("0.0049999999999999999999999999999999999", 2, "0.00"),
        ("7", 3, "7.000"),
        ("1250", -2, "1.3E+3"),
    ],
)
def test_money_rounds_half_away_from_zero_at_its_precision(value: str, exponent: int, rounded: str) -> None:
    assert str(round_half_away(Decimal(value), exponent)) == rounded


@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        (Rounding.HALF_AWAY, ["3", "-3", "4", "-4"]),
        (Rounding.HALF_EVEN, ["2", "-2", "4", "-4"]),
        (Rounding.CEILING, ["3", "-2", "4", "-3"]),
        (Rounding.FLOOR, ["2", "-3", "3", "-4"]),
    ],
)
def test_each_mode_decides_a_half_its_own_way(mode: Rounding, expected: list[str]) -> None:
    assert [str(round_decimal(Decimal(half), 0, mode)) for half in HALVES] == expected
    assert [str(round_fraction(Fraction(half), 0, mode)) for half in HALVES] == expected


def test_a_number_far_beyond_the_ambient_precision_keeps_every_digit() -> None:
    whole = "1234567890" * 20
    with localcontext(prec=5):
        assert str(round_half_away(Decimal(f"{whole}.005"), 2)) == f"{whole}.01"


@pytest.mark.parametrize("mode", Rounding)
def test_zero_has_no_sign(mode: Rounding) -> None:
    assert str(round_decimal(Decimal("-0.0"), 2, mode)) == "0.00"
    assert str(round_half_away(Decimal("-0.004"), 2)) == "0.00"


@pytest.mark.parametrize("value", ["NaN", "sNaN", "Infinity", "1E+999999999"])
def test_what_has_no_digits_or_too_many_is_refused(value: str) -> None:
    with pytest.raises(InvalidOperation):
        round_half_away(Decimal(value), 2)


def test_exact_arithmetic_refuses_to_drop_a_digit() -> None:
    with pytest.raises(Inexact):
        EXACT.divide(Decimal(1), Decimal(3))


@given(AMOUNTS, EXPONENTS, MODES)
def test_rounding_twice_is_rounding_once(value: Decimal, exponent: int, mode: Rounding) -> None:
    once = round_decimal(value, exponent, mode)
    assert round_decimal(once, exponent, mode) == once
    assert fits(once, exponent)


@given(AMOUNTS, EXPONENTS)
def test_rounding_moves_a_value_by_half_a_step_at_most_and_mirrors_at_zero(value: Decimal, exponent: int) -> None:
    rounded = round_half_away(value, exponent)
    assert abs(Fraction(rounded) - Fraction(value)) <= Fraction(10) ** -exponent / 2
    assert round_half_away(EXACT.minus(value), exponent) == EXACT.minus(rounded)


@given(AMOUNTS, EXPONENTS, MODES)
def test_a_ratio_rounds_as_the_decimal_it_equals(value: Decimal, exponent: int, mode: Rounding) -> None:
    assert round_fraction(Fraction(value), exponent, mode) == round_decimal(value, exponent, mode)


def test_a_ratio_without_an_end_rounds_by_its_true_value() -> None:
    assert round_fraction(Fraction(100 * 15, 31), 2) == Decimal("48.39")  # PR-01
    assert round_fraction(Fraction(1, 2) - Fraction(1, 10**60), 0) == 0
    assert round_fraction(Fraction(1, 2) + Fraction(1, 10**60), 0) == 1
    assert round_fraction(Fraction(-2, 3), 1) == Decimal("-0.7")
