"""Rating: a price and a quantity become amounts. Pure: the same usage gives the same line and the same trace.

The pipeline: unit conversion, free units -> price -> rounding -> percentage discount -> maximum -> minimum. Credits
come after it, from a room above: they are used up by the detailed lines in their order.
"""

from collections.abc import Sequence
from decimal import localcontext
from typing import assert_never

from meterhouse.catalog.price import DynamicPrice, FlatPrice, PackagePrice, TieredPrice, TierMode, UnitPrice
from meterhouse.kernel.rounding import EXACT
from meterhouse.rating.amounts import Amount, amounts_of
from meterhouse.rating.commitments import bounds_of
from meterhouse.rating.detail import detailed_lines
from meterhouse.rating.dynamic import dynamic_parts
from meterhouse.rating.flat import flat_parts
from meterhouse.rating.graduated import graduated_parts
from meterhouse.rating.line import RatedLine, summed
from meterhouse.rating.package import package_parts
from meterhouse.rating.part import Part, Span
from meterhouse.rating.quantity import Quantities, quantities_of
from meterhouse.rating.trace import Trace
from meterhouse.rating.unit import unit_parts
from meterhouse.rating.usage import WHOLE, Usage
from meterhouse.rating.volume import volume_parts


def rate(usage: Usage) -> RatedLine:
    """Rate one line.

    Usage below zero counts as none. A quantity that falls, as a correction of `quantity_before`, gives negative
    amounts. A prorated amount that rounds to nothing gives no detailed line.

    Raises:
        InvariantBroken: a price that the catalog does not sell.
    """
    with localcontext(EXACT):
        steps, bounds = quantities_of(usage), bounds_of(usage)
        parts = _parts(usage, steps)
        amounts = amounts_of(parts, usage.currency.exponent, usage.conventions.rounding_point)
        if usage.share is not WHOLE:
            parts, amounts = _without_nothing(parts, amounts)
        lines = detailed_lines(usage, parts, amounts, bounds)
        totals = summed(lines)
    return RatedLine(lines, totals, Trace(usage, steps, bounds, parts, amounts, lines, totals))


def parts_of(usage: Usage) -> list[Part]:
    """The detailed lines before rounding: over any split of a period they sum to those of the whole."""
    with localcontext(EXACT):
        return _parts(usage, quantities_of(usage))


def _parts(usage: Usage, steps: Sequence[Quantities]) -> list[Part]:
    price, (_, before, after), is_first = usage.price, steps[-1], usage.is_first
    if usage.is_charged_at_the_end:
        if not usage.is_last:
            return []
        is_first = True
    span = Span(usage.name, before, after, is_first, usage.is_last, usage.share, usage.conventions)
    match price:
        case FlatPrice():
            return flat_parts(price, span)
        case UnitPrice():
            return unit_parts(price, span)
        case TieredPrice():
            return graduated_parts(price, span) if price.mode is TierMode.GRADUATED else volume_parts(price, span)
        case PackagePrice():
            return package_parts(price, span)
        case DynamicPrice():
            return dynamic_parts(price, span)
        case _:
            assert_never(price)


def _without_nothing(parts: Sequence[Part], amounts: Sequence[Amount]) -> tuple[list[Part], list[Amount]]:
    """Without what was prorated and came to nothing."""
    kept = [pair for pair in zip(parts, amounts, strict=True) if pair[0].share is None or pair[1].value]
    return [part for part, _ in kept], [amount for _, amount in kept]
