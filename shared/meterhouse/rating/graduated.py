"""Graduated tiers: each unit is charged at the price of the tier it falls in."""

from collections.abc import Iterator
from decimal import Decimal

from meterhouse.catalog.price import Tier, TieredPrice
from meterhouse.kernel.rounding import EXACT
from meterhouse.rating.line import ZERO, Part, TierHit, Usage


def graduated_parts(price: TieredPrice, usage: Usage) -> list[Part]:
    """The parts of all tiers between the quantity charged before and the quantity after.

    A tier's flat amount is due when the tier is entered; the first tier's on the first line of the period, even
    without usage.
    """
    return [part for hit, tier in _hits(price) for part in _tier_parts(hit, tier, usage)]


def _hits(price: TieredPrice) -> Iterator[tuple[TierHit, Tier]]:
    over = ZERO
    for number, tier in enumerate(price.tiers, start=1):
        yield TierHit(number, over, tier.up_to), tier
        if tier.up_to is not None:
            over = tier.up_to


def _tier_parts(hit: TierHit, tier: Tier, usage: Usage) -> Iterator[Part]:
    quantity = EXACT.subtract(_inside(hit, usage.after), _inside(hit, usage.before))
    if tier.unit_amount is not None and quantity:
        key, name = f"graduated-tiered-{hit.number}-price-usage", f"{usage.name}: usage price for tier {hit.number}"
        yield Part(key, name, tier.unit_amount, quantity, tier=hit)
    entries = _entries(hit, usage)
    if tier.flat_amount is not None and entries:
        key, name = f"graduated-tiered-{hit.number}-flat-price", f"{usage.name}: flat price for tier {hit.number}"
        yield Part(key, name, tier.flat_amount, Decimal(entries), tier=hit)


def _inside(hit: TierHit, cumulative: Decimal) -> Decimal:
    """How much of a cumulative quantity lies in the tier."""
    top = cumulative if hit.up_to is None else min(cumulative, hit.up_to)
    return max(EXACT.subtract(top, hit.over), ZERO)


def _entries(hit: TierHit, usage: Usage) -> int:
    """How often the line enters the tier: 1, 0, or -1 when a correction leaves it again."""
    if hit.number == 1:
        return int(usage.is_first)
    return int(usage.after > hit.over) - int(usage.before > hit.over)
