from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meterhouse.kernel.currency import Currency, currency
from meterhouse.kernel.errors import InvalidInput
from meterhouse.kernel.money import CreditUnits, CurrencyMismatch, Money, zero

USD, JPY, KWD = currency("USD"), currency("JPY"), currency("KWD")
AMOUNTS = st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**30), max_value=10**30)


def usd(amount: str) -> Money:
    return Money(Decimal(amount), USD)


@pytest.mark.parametrize(("code", "exponent"), [("USD", 2), ("JPY", 0), ("KWD", 3), ("CLF", 4), ("UYW", 4)])
def test_a_currency_knows_its_iso_exponent(code: str, exponent: int) -> None:
    assert currency(code) == Currency(code, exponent)


@pytest.mark.parametrize("code", ["", "usd", "XXX", "XAU", "DEM", "ZZZ"])
def test_an_unknown_currency_is_invalid_input_at_its_field(code: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        currency(code, "/phases/0/currency")
    assert [(problem.field, problem.code) for problem in refused.value.problems] == [
        ("/phases/0/currency", "unknown_currency")
    ]


@pytest.mark.parametrize("kind", [lambda amount: Money(amount, USD), CreditUnits])
@pytest.mark.parametrize(
    ("amount", "refusal"),
    [(1.5, TypeError), (True, TypeError), ("1", TypeError), (None, TypeError), (Decimal("NaN"), ValueError)],
)
def test_only_a_finite_decimal_is_an_amount(kind: type[CreditUnits], amount: Decimal, refusal: type[Exception]) -> None:
    with pytest.raises(refusal):
        kind(amount)


@given(st.floats())
def test_a_float_is_refused_as_amount_and_as_factor(value: float) -> None:
    with pytest.raises(TypeError):
        Money(value, USD)  # type: ignore[arg-type] # the fault under test
    with pytest.raises(TypeError):
        usd("1") * value  # type: ignore[operator] # the fault under test


def test_money_adds_subtracts_and_multiplies() -> None:
    assert usd("1.10") + usd("2.205") == usd("3.305")
    assert usd("1.10") - usd("2") == usd("-0.9")
    assert usd("1.10") * Decimal("2.5") == 5 * usd("0.55")
    assert -usd("1") < usd("0") <= usd("0.00") < usd("1") >= usd("-1")
    assert sum([usd("1"), usd("2")], zero(USD)) == usd("3")
    assert not zero(USD)
    assert str((-zero(USD)).amount) == "0"


def test_two_currencies_are_unequal_and_never_added_or_ordered() -> None:
    dollar, yen = usd("1"), Money(Decimal(1), JPY)
    assert dollar != yen
    with pytest.raises(CurrencyMismatch):
        dollar + yen
    with pytest.raises(CurrencyMismatch):
        dollar - yen
    with pytest.raises(CurrencyMismatch):
        sorted([dollar, yen])


def test_credit_units_are_not_money() -> None:
    units: object = CreditUnits(Decimal(1))
    assert units != usd("1")
    with pytest.raises(TypeError):
        usd("1") + units  # type: ignore[operator] # the fault under test
    with pytest.raises(TypeError):
        units < usd("1")  # type: ignore[operator] # noqa: B015 - the fault under test
    with pytest.raises(TypeError):
        usd("1") * units  # type: ignore[operator] # the fault under test


def test_credit_units_add_subtract_multiply_and_order() -> None:
    two = CreditUnits(Decimal(2))
    assert two + two == two * 2 == 2 * two == CreditUnits(Decimal(4))
    assert two - two < two
    assert not two - two
    assert -two <= two


def test_rounding_follows_the_currency() -> None:
    assert [str(Money(Decimal("1.2345"), kind).rounded().amount) for kind in (USD, JPY, KWD)] == ["1.23", "1", "1.235"]


@pytest.mark.parametrize(
    ("amount", "kind", "share", "expected"),
    [
        ("100", USD, Fraction(15, 31), "48.39"),  # PR-01
        ("1000", JPY, Fraction(10, 31), "323"),  # PR-03
        ("9", USD, Fraction(31, 91), "3.07"),  # a quarter cancelled after January 2024
        ("0.01", USD, Fraction(1, 3), "0.00"),
        ("100", USD, Fraction(1), "100.00"),
    ],
)
def test_a_proration_is_rounded_once_from_the_exact_ratio(
    amount: str, kind: Currency, share: Fraction, expected: str
) -> None:
    assert str(Money(Decimal(amount), kind).prorated(share).amount) == expected


@given(AMOUNTS, AMOUNTS, AMOUNTS)
def test_money_arithmetic_loses_no_digit(one: Decimal, two: Decimal, three: Decimal) -> None:
    a, b = Money(one, USD), Money(two, USD)
    assert a + b - b == a
    assert Fraction(((a + b) * three).amount) == (Fraction(one) + Fraction(two)) * Fraction(three)
    assert (a < b) == (one < two)
