"""The arithmetic of a rating in words that anyone can follow with a pocket calculator."""

from decimal import Decimal
from fractions import Fraction

from meterhouse.catalog.unit_config import Operation, UnitConfig
from meterhouse.rating.charge import Charge
from meterhouse.rating.commitments import Bounds
from meterhouse.rating.conventions import Conventions, Fractions, RoundingPoint
from meterhouse.rating.numerals import plain
from meterhouse.rating.part import Part
from meterhouse.rating.percentage import PER_CENT
from meterhouse.rating.quantity import Quantities, Step
from meterhouse.rating.usage import WHOLE, Usage


def amount_text(charge: Charge, point: RoundingPoint) -> str:
    """How a part came to its amount: "5 x 0.333 = 1.665, rounded 1.67"."""
    part, (exact, value, before) = charge.part, charge.amount
    share = "" if part.share == WHOLE else f" x {part.share}"
    text, amount = exact_text(exact), plain(value)
    product = f"{plain(part.quantity)} x {plain(part.per_unit_amount)}{share} = {text}"
    if before:
        return _cumulative_text(part, before, amount)
    if text == amount:
        return product
    return f"{product}, {'its share' if point is RoundingPoint.LINE else 'rounded'} {amount}"


def exact_text(exact: Decimal | Fraction) -> str:
    return str(exact) if isinstance(exact, Fraction) else plain(exact)


def percentage_text(charge: Charge, percentage: Decimal) -> str:
    """How a percentage discount came about: "13.33 x 10 % = 1.333, rounded 1.33"."""
    _, value, before = charge.amount
    off = plain(charge.off)
    exact = plain((before + value) * percentage * PER_CENT)
    if before:
        base = f"({plain(before)} + {plain(value)})"
        return f"{base} x {plain(percentage)} % = {exact}, rounded, less what was taken off before = {off}"
    product = f"{plain(value)} x {plain(percentage)} % = {exact}"
    return product if exact == off else f"{product}, rounded {off}"


def maximum_text(net: Decimal, room: Decimal, maximum: Decimal, over: Decimal) -> str:
    """What lies over the maximum: "50 - 30 left of 100 = 20"."""
    if room <= 0:
        return f"nothing left of {plain(maximum)}: {plain(over)}"
    return f"{plain(net)} - {plain(room)} left of {plain(maximum)} = {plain(over)}"


def minimum_text(bounds: Bounds, short: Decimal) -> str:
    """What is missing from the minimum: "1000 - 100 before - 50 = 850"."""
    least = bounds.minimum or Decimal(0)
    charged = least - bounds.before - short
    before = f" - {plain(bounds.before)} before" if bounds.before else ""
    return f"{plain(least)}{before} - {plain(charged)} = {plain(short)}"


def quantity_text(usage: Usage, earlier: Quantities, later: Quantities) -> str:
    """How a step came to the quantity up to the end of the line, and up to its start where that is not none."""
    texts = [_step_text(usage, later.step, earlier.after, later.after)]
    if earlier.before:
        texts.append(f"before: {_step_text(usage, later.step, earlier.before, later.before)}")
    return "; ".join(texts)


def _cumulative_text(part: Part, before: Decimal, amount: str) -> str:
    quantity, per_unit = part.before + part.quantity, part.per_unit_amount
    product = f"{plain(quantity)} x {plain(per_unit)} = {plain(quantity * per_unit)}"
    return f"{product}, rounded, less {plain(before)} before = {amount}"


def _step_text(usage: Usage, step: Step, value: Decimal, result: Decimal) -> str:
    if step is Step.UNIT_CONVERSION and usage.unit_config is not None:
        return _conversion_text(usage.unit_config, value, result)
    if step is Step.WHOLE_UNITS:
        return f"{plain(value)}, {_whole_text(usage.conventions)} {plain(result)}"
    free = usage.discounts.usage or Decimal(0)
    used = f"{plain(value)} - {plain(free)}" if value > free else f"{plain(value)}, all of it free,"
    return f"{used} = {plain(result)}" if value > free else f"{used} leaves {plain(result)}"


def _conversion_text(config: UnitConfig, value: Decimal, result: Decimal) -> str:
    sign = "/" if config.operation is Operation.DIVIDE else "x"
    converted = plain(config.converted(value))
    product = f"{plain(value)} {sign} {plain(config.conversion_factor)} = {converted}"
    return product if converted == plain(result) else f"{product}, {config.rounding.value} {plain(result)}"


def _whole_text(conventions: Conventions) -> str:
    return "rounded up" if conventions.fractions is Fractions.ROUNDED_UP else "rounded down"
