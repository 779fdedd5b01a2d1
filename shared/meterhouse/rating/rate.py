"""Rating: a price and a quantity become amounts. Pure: the same usage gives the same line and the same trace.

The pipeline: unit conversion, free units -> price -> rounding -> percentage discount -> maximum -> minimum. Credits
come after it, from a room above: they are used up by the detailed lines in their order.
"""

from collections.abc import Sequence
from decimal import Decimal, localcontext
from typing import assert_never

from meterhouse.catalog.price import DynamicPrice, FlatPrice, PackagePrice, TieredPrice, TierMode, UnitPrice
from meterhouse.kernel.rounding import EXACT
from meterhouse.rating.amounts import Amount, amounts_of
from meterhouse.rating.charge import Charge
from meterhouse.rating.commitments import Bounds, bounds_of, over_maximum, to_minimum
from meterhouse.rating.dynamic import dynamic_parts
from meterhouse.rating.flat import flat_parts
from meterhouse.rating.graduated import graduated_parts
from meterhouse.rating.line import RatedLine, totals_of
from meterhouse.rating.package import package_parts
from meterhouse.rating.part import Part, Span
from meterhouse.rating.percentage import percentage_discounts
from meterhouse.rating.quantity import Quantities, quantities_of
from meterhouse.rating.trace import trace_of
from meterhouse.rating.unit import unit_parts
from meterhouse.rating.usage import WHOLE, ZERO, Usage
from meterhouse.rating.volume import volume_parts


def rate(usage: Usage) -> RatedLine:
    """Rate one line.

    Usage below zero counts as none. A quantity that falls, as a correction of `quantity_before`, gives negative
    amounts. A prorated amount that rounds to nothing gives no detailed line.

    Raises:
        InvariantBroken: a price that the catalog does not sell.
    """
    with localcontext(EXACT):
        steps = quantities_of(usage)
        bounds = bounds_of(usage)
        charges = _charges(usage, _parts(usage, steps), bounds)
        lines = tuple(charge.line(usage) for charge in charges)
        totals = totals_of(lines)
        return RatedLine(lines, totals, trace_of(usage, steps, bounds, charges, totals))


def parts_of(usage: Usage) -> list[Part]:
    """The detailed lines before rounding: over any split of a period they sum to those of the whole."""
    with localcontext(EXACT):
        return _parts(usage, quantities_of(usage))


def _parts(usage: Usage, steps: Sequence[Quantities]) -> list[Part]:
    at_the_end, final = usage.is_charged_at_the_end, steps[-1]
    if at_the_end and not usage.is_last:
        return []
    is_first = usage.is_first or at_the_end
    return _priced(
        usage, Span(usage.name, final.before, final.after, is_first, usage.is_last, usage.share, usage.conventions)
    )


def _priced(usage: Usage, span: Span) -> list[Part]:
    match usage.price:
        case FlatPrice():
            return flat_parts(usage.price, span)
        case UnitPrice():
            return unit_parts(usage.price, span)
        case TieredPrice(mode=TierMode.GRADUATED):
            return graduated_parts(usage.price, span)
        case TieredPrice():
            return volume_parts(usage.price, span)
        case PackagePrice():
            return package_parts(usage.price, span)
        case DynamicPrice():
            return dynamic_parts(usage.price, span)
        case _:
            assert_never(usage.price)


def _charges(usage: Usage, parts: Sequence[Part], bounds: Bounds) -> list[Charge]:
    exponent = usage.currency.exponent
    amounts = amounts_of(parts, exponent, usage.conventions.rounding_point)
    kept = [(part, amount) for part, amount in zip(parts, amounts, strict=True) if _is_shown(part, amount)]
    off = percentage_discounts([amount for _, amount in kept], usage.discounts.percentage, exponent)
    nets = [amount.value - less for (_, amount), less in zip(kept, off, strict=True)]
    over = over_maximum(nets, bounds)
    charges = [Charge(*pair, *less) for pair, *less in zip(kept, off, over, strict=True)]
    committed = to_minimum(usage, sum(nets, ZERO) - sum(over, ZERO), bounds)
    return charges if committed is None else [*charges, Charge(*committed)]


def _is_shown(part: Part, amount: Amount) -> bool:
    return part.share == WHOLE or bool(amount.value)
