"""Volume tiers: all units of the full period are charged at the price of the tier that the whole quantity falls in."""

from decimal import Decimal

from meterhouse.catalog.price import Tier, TieredPrice
from meterhouse.kernel.errors import InvariantBroken
from meterhouse.rating.conventions import FirstTierFlat, UpTo
from meterhouse.rating.part import Part, Span, TierHit
from meterhouse.rating.usage import ONE, ZERO


def volume_parts(price: TieredPrice, span: Span) -> list[Part]:
    """The flat amount of the matched tier, and its unit amount for every unit.

    Raises:
        InvariantBroken: no tier holds the quantity.
    """
    hit, tier = matched_tier(price, span.after, span.conventions.up_to)
    is_due = span.after or span.conventions.first_tier_flat is FirstTierFlat.ALWAYS
    parts = []
    if tier.flat_amount is not None and is_due:
        name = f"{span.name}: flat price for tier {hit.number}"
        parts.append(Part("volume-flat-price", name, tier.flat_amount, ONE, tier=hit))
    if tier.unit_amount is not None and span.after:
        name = f"{span.name}: unit price for tier {hit.number}"
        parts.append(Part("volume-tiered-price", name, tier.unit_amount, span.after, tier=hit))
    return parts


def matched_tier(price: TieredPrice, quantity: Decimal, up_to: UpTo) -> tuple[TierHit, Tier]:
    """The one tier that a quantity falls in.

    Raises:
        InvariantBroken: there is none; the catalog sells open-ended tiers only.
    """
    over = ZERO
    for number, tier in enumerate(price.tiers, start=1):
        bound = tier.up_to
        if bound is None or quantity < bound or (quantity == bound and up_to is UpTo.INCLUSIVE):
            return TierHit(number, over, bound), tier
        over = bound
    raise InvariantBroken(f"no tier holds {quantity:f}")
