"""Graduated tiers: each unit is charged at the price of the tier it falls in."""

from collections.abc import Iterator
from decimal import Decimal

from meterhouse.catalog.price import TieredPrice
from meterhouse.rating.conventions import FirstTierFlat, UpTo
from meterhouse.rating.part import Part, Span, TierHit
from meterhouse.rating.usage import ZERO


def graduated_parts(price: TieredPrice, span: Span) -> list[Part]:
    """The parts of all tiers between the quantity charged before and the quantity after.

    A tier's flat amount is due when the tier is entered; the first tier's on the first line of the period, even
    without usage, unless a convention says otherwise.
    """
    return list(_parts(price, span))


def _parts(price: TieredPrice, span: Span) -> Iterator[Part]:
    name, before, after = span.name, span.before, span.after
    over, most = ZERO, max(before, after)
    for number, tier in enumerate(price.tiers, start=1):
        if over > most:
            return
        hit = TierHit(number, over, tier.up_to)
        if tier.unit_amount is not None:
            charged = _inside(hit, before)
            if quantity := _inside(hit, after) - charged:
                key, text = f"graduated-tiered-{number}-price-usage", f"{name}: usage price for tier {number}"
                yield Part(key, text, tier.unit_amount, quantity, charged, tier=hit)
        if tier.flat_amount is not None:
            entered, entries = _entries(hit, span)
            if entries != entered:
                key, text = f"graduated-tiered-{number}-flat-price", f"{name}: flat price for tier {number}"
                yield Part(key, text, tier.flat_amount, Decimal(entries - entered), Decimal(entered), tier=hit)
        if tier.up_to is None:
            return
        over = tier.up_to


def _inside(hit: TierHit, cumulative: Decimal) -> Decimal:
    """How much of a cumulative quantity lies in the tier."""
    if cumulative <= hit.over:
        return ZERO
    return (cumulative if hit.up_to is None or cumulative < hit.up_to else hit.up_to) - hit.over


def _entries(hit: TierHit, span: Span) -> tuple[int, int]:
    """How often the tier was entered up to the start of the line, and up to its end: once or not at all."""
    if hit.number == 1 and span.conventions.first_tier_flat is FirstTierFlat.ALWAYS:
        return int(not span.is_first), 1
    if hit.number > 1 and span.conventions.up_to is UpTo.EXCLUSIVE:
        return int(span.before >= hit.over), int(span.after >= hit.over)
    return int(span.before > hit.over), int(span.after > hit.over)
