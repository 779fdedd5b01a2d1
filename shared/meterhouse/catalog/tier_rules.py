"""What is wrong with the tiers of a price: between them they must cover every quantity, once."""

from collections.abc import Iterator
from decimal import Decimal
from itertools import pairwise

from meterhouse.catalog.price import Tier, TieredPrice
from meterhouse.kernel.errors import Problem


def tier_problems(price: TieredPrice, at: str) -> Iterator[Problem]:
    """Problems of the tiers, which stand at the JSON pointer `at`."""
    for index, tier in enumerate(price.tiers):
        if tier.flat_amount is None and tier.unit_amount is None:
            message = "a tier needs a flat price, a unit price or both"
            yield Problem(f"{at}/{index}", "price_tier_without_price", message)
    yield from _bounds_problems(price.tiers, at)


def _bounds_problems(tiers: tuple[Tier, ...], at: str) -> Iterator[Problem]:
    *earlier, last = tiers
    for index, tier in enumerate(earlier):
        if tier.up_to is None:
            message = "only the last tier has an open end"
            yield Problem(f"{at}/{index}/upToAmount", "price_tier_open_end_not_last", message)
    if last.up_to is not None:
        message = "the last tier must have an open end: leave upToAmount out"
        yield Problem(f"{at}/{len(earlier)}/upToAmount", "price_tiers_without_open_end", message)
    bounds = [(Decimal(0), -1), *((tier.up_to, index) for index, tier in enumerate(tiers) if tier.up_to is not None)]
    for (before, _), (bound, index) in pairwise(bounds):
        if bound <= before:
            message = f"{bound:f} must lie above {before:f}, where the tier starts"
            yield Problem(f"{at}/{index}/upToAmount", "price_tiers_not_ascending", message)
