from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meterhouse.catalog.unit_config import Operation, UnitConfig, UnitRounding

quantities = st.decimals(-10_000, 10_000, places=6)
factors = st.decimals("0.001", 10_000, places=3)


@given(quantities, factors, st.integers(0, 4))
def test_invoiced_units_never_lie_more_than_a_step_from_the_exact_ratio(
    metered: Decimal, factor: Decimal, precision: int
) -> None:
    exact, step = Fraction(metered) / Fraction(factor), Fraction(1, 10**precision)
    up, down, half = (
        Fraction(UnitConfig(Operation.DIVIDE, factor, mode, precision).invoiced(metered))
        for mode in (UnitRounding.CEILING, UnitRounding.FLOOR, UnitRounding.HALF_UP)
    )

    assert 0 <= up - exact < step
    assert 0 <= exact - down < step
    assert abs(half - exact) <= step / 2


@given(quantities, factors)
def test_multiplying_loses_no_digit(metered: Decimal, factor: Decimal) -> None:
    config = UnitConfig(Operation.MULTIPLY, factor)

    assert Fraction(config.invoiced(metered)) == Fraction(metered) * Fraction(factor)


def test_a_quotient_that_never_ends_keeps_as_many_digits_as_metered_values_have() -> None:
    third = UnitConfig(Operation.DIVIDE, Decimal(3))

    assert str(third.converted(Decimal(2))) == "0.666666666666666667"
    assert third.converted(Decimal(-2)) == -third.converted(Decimal(2))
    assert str(third.converted(Decimal(3000))) == "1000"


def test_rounding_starts_from_the_exact_ratio_not_from_the_digits_that_are_shown() -> None:
    barely_over = Decimal("3.000000000000000000000001")

    assert UnitConfig(Operation.DIVIDE, Decimal(3), UnitRounding.CEILING).invoiced(barely_over) == 2


@pytest.mark.parametrize("factor", ["0", "-1", "NaN", "Infinity"])
def test_a_factor_that_is_not_above_zero_is_refused(factor: str) -> None:
    with pytest.raises(ValueError, match="greater than zero"):
        UnitConfig(Operation.MULTIPLY, Decimal(factor))
