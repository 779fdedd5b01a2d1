"""Rating: a price and a quantity become amounts. Pure: the same usage gives the same line and the same trace."""

from fractions import Fraction
from typing import assert_never

from meterhouse.catalog.price import FlatPrice, TieredPrice, TierMode, UnitPrice
from meterhouse.kernel.errors import InvariantBroken
from meterhouse.kernel.rounding import round_fraction, round_half_away
from meterhouse.rating.flat import flat_parts
from meterhouse.rating.graduated import graduated_parts
from meterhouse.rating.line import WHOLE, DetailedLine, Part, RatedLine, Usage, totals_of
from meterhouse.rating.trace import trace_of
from meterhouse.rating.unit import unit_parts


def rate(usage: Usage) -> RatedLine:
    """Rate one line.

    Usage below zero counts as none. A quantity that falls, as a correction of `quantity_before`, gives negative
    amounts. A prorated amount that rounds to nothing gives no detailed line.

    Raises:
        InvariantBroken: a price that the catalog does not sell.
    """
    rounded = [(part, _rounded(part, usage.currency.exponent)) for part in parts_of(usage)]
    kept = [(part, line) for part, line in rounded if line.amount or part.share == WHOLE]
    lines = tuple(line for _, line in kept)
    totals = totals_of(lines)
    return RatedLine(lines, totals, trace_of(usage, [part for part, _ in kept], lines, totals))


def parts_of(usage: Usage) -> list[Part]:
    """The detailed lines before rounding: over any split of a period they sum to those of the whole."""
    match usage.price:
        case FlatPrice():
            return flat_parts(usage.price, usage)
        case UnitPrice():
            return unit_parts(usage.price, usage)
        case TieredPrice(mode=TierMode.GRADUATED):
            return graduated_parts(usage.price, usage)
        case TieredPrice():
            raise InvariantBroken(f"{usage.price.mode} tiers are not sold, so none can be rated")
        case _:
            assert_never(usage.price)


def _rounded(part: Part, exponent: int) -> DetailedLine:
    exact = part.exact
    amount = round_fraction(exact, exponent) if isinstance(exact, Fraction) else round_half_away(exact, exponent)
    return DetailedLine(
        key=part.key,
        name=part.name,
        per_unit_amount=part.per_unit_amount if part.share == WHOLE else amount,
        quantity=part.quantity,
        amount=amount,
        payment_term=part.payment_term,
    )
