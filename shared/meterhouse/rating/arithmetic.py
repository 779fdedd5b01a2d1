"""The arithmetic of a rating in words that anyone can follow with a pocket calculator."""

from decimal import Decimal
from fractions import Fraction

from meterhouse.catalog.unit_config import Operation, UnitConfig
from meterhouse.rating.amounts import Amount
from meterhouse.rating.commitments import Bounds
from meterhouse.rating.conventions import Fractions, RoundingPoint
from meterhouse.rating.numerals import plain
from meterhouse.rating.part import Part
from meterhouse.rating.percentage import PER_CENT
from meterhouse.rating.quantity import Quantities, Step
from meterhouse.rating.usage import Usage


def exact_text(exact: Decimal | Fraction) -> str:
    return plain(exact) if isinstance(exact, Decimal) else str(exact)


def rounding_text(exact: str, value: str, point: RoundingPoint) -> str:
    """What became of an exact amount: "1.665, rounded 1.67"."""
    if exact == value:
        return value
    return f"{exact}, {'its share of the rounded sum' if point is RoundingPoint.LINE else 'rounded'} {value}"


def cumulative_text(part: Part, amount: Amount) -> str:
    """What the full period came to, less what was charged of it: "666 x 0.001 = 0.666, rounded 0.67, less 0.33"."""
    quantity, per_unit = part.before + part.quantity, part.per_unit_amount
    exact, after = plain(quantity * per_unit), plain(amount.before + amount.value)
    product = f"{plain(quantity)} x {plain(per_unit)} = {rounding_text(exact, after, RoundingPoint.CUMULATIVE)}"
    return f"{product}, less {plain(amount.before)} before = {plain(amount.value)}"


def percentage_text(amount: Amount, percentage: Decimal, off: Decimal) -> str:
    """How a percentage discount came about: "13.33 x 10 % = 1.333, rounded 1.33"."""
    base, exact = plain(amount.value), plain((amount.before + amount.value) * percentage * PER_CENT)
    if amount.before:
        product = f"({plain(amount.before)} + {base}) x {plain(percentage)} % = {exact}, rounded"
        return f"{product}, less what was taken off before = {plain(off)}"
    return f"{base} x {plain(percentage)} % = {rounding_text(exact, plain(off), RoundingPoint.DETAILED_LINE)}"


def maximum_text(net: Decimal, room: Decimal, maximum: Decimal, over: Decimal) -> str:
    """What lies over the maximum: "50 - 30 left of 100 = 20"."""
    if room <= 0:
        return f"nothing left of {plain(maximum)}: {plain(over)}"
    return f"{plain(net)} - {plain(room)} left of {plain(maximum)} = {plain(over)}"


def minimum_text(bounds: Bounds, short: Decimal) -> str:
    """What is missing from the minimum: "1000 - 100 before - 50 = 850"."""
    least = bounds.minimum or Decimal(0)
    before = f" - {plain(bounds.before)} before" if bounds.before else ""
    return f"{plain(least)}{before} - {plain(least - bounds.before - short)} = {plain(short)}"


def quantity_text(usage: Usage, earlier: Quantities, later: Quantities) -> str:
    """How a step came to the quantity up to the end of the line, and up to its start where that is not none."""
    texts = [_step_text(usage, later.step, earlier.after, later.after)]
    if earlier.before:
        texts.append(f"before: {_step_text(usage, later.step, earlier.before, later.before)}")
    return "; ".join(texts)


def _step_text(usage: Usage, step: Step, value: Decimal, result: Decimal) -> str:
    if step is Step.UNIT_CONVERSION and usage.unit_config is not None:
        return _conversion_text(usage.unit_config, value, result)
    if step is Step.WHOLE_UNITS:
        return f"{plain(value)}, {_whole_text(usage.conventions.fractions)} {plain(result)}"
    free = usage.discounts.usage or Decimal(0)
    if value <= free:
        return f"{plain(value)} of {plain(free)} free leaves {plain(result)}"
    return f"{plain(value)} - {plain(free)} free = {plain(result)}"


def _conversion_text(config: UnitConfig, value: Decimal, result: Decimal) -> str:
    sign = "/" if config.operation is Operation.DIVIDE else "x"
    converted = plain(config.converted(value))
    product = f"{plain(value)} {sign} {plain(config.conversion_factor)} = {converted}"
    return product if converted == plain(result) else f"{product}, {config.rounding.value} {plain(result)}"


def _whole_text(fractions: Fractions) -> str:
    return "rounded up" if fractions is Fractions.ROUNDED_UP else "rounded down"
