"""Amounts become detailed lines: less the percentage, less what lies over the maximum, and up to the minimum."""

from collections.abc import Sequence
from decimal import Decimal

from meterhouse.catalog.price import PaymentTerm
from meterhouse.rating.amounts import Amount
from meterhouse.rating.commitments import Bounds, over_maximum
from meterhouse.rating.line import AmountDiscount, Category, DetailedLine, DiscountReason
from meterhouse.rating.part import Part
from meterhouse.rating.percentage import PER_CENT, percentage_discount
from meterhouse.rating.usage import ONE, ZERO, Usage

# members of an enumeration are slow to look up in the innermost loop of an invoice run
_REGULAR, _PERCENTAGE, _MAXIMUM = Category.REGULAR, DiscountReason.PERCENTAGE, DiscountReason.MAXIMUM_SPEND


def detailed_lines(
    usage: Usage, parts: Sequence[Part], amounts: Sequence[Amount], bounds: Bounds
) -> tuple[DetailedLine, ...]:
    """One line for each part, in their order, which is that in which the maximum is used up; then the minimum's."""
    percentage, exponent = usage.discounts.percentage, usage.currency.exponent
    part_off = None if percentage is None else percentage * PER_CENT
    room, charged, lines = bounds.room, ZERO, []
    for part, amount in zip(parts, amounts, strict=True):
        off = ZERO if part_off is None else percentage_discount(amount, part_off, exponent)
        net = amount.value - off
        over = ZERO if room is None else over_maximum(net, room)
        lines.append(_line(part, amount.value, _discounts(off, over) if off or over else ()))
        charged += net - over
        room = None if room is None else room - net + over
    if bounds.minimum is not None and usage.is_last:
        lines += _minimum_lines(usage, bounds.minimum - bounds.before - charged)
    return tuple(lines)


def _line(part: Part, value: Decimal, discounts: tuple[AmountDiscount, ...]) -> DetailedLine:
    per_unit, quantity = (value, ONE) if part.is_lump else (part.per_unit_amount, part.quantity)
    return DetailedLine(part.key, part.name, per_unit, quantity, value, part.payment_term, _REGULAR, discounts)


def _discounts(off: Decimal, over: Decimal) -> tuple[AmountDiscount, ...]:
    if not over:
        return (AmountDiscount(_PERCENTAGE, off),)
    beyond = AmountDiscount(_MAXIMUM, over)
    return (AmountDiscount(_PERCENTAGE, off), beyond) if off else (beyond,)


def _minimum_lines(usage: Usage, short: Decimal) -> list[DetailedLine]:
    """What the last line of a full period adds, where all its lines came to less than the minimum."""
    if short <= 0:
        return []
    name, term, period = f"{usage.name}: minimum spend", PaymentTerm.IN_ARREARS, usage.whole_period
    return [DetailedLine("min-spend", name, short, ONE, short, term, Category.COMMITMENT, service_period=period)]
