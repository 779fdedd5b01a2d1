"""What is wrong with a price and what goes with it: rules between their parts, where each alone would be sound."""

from collections.abc import Iterator
from dataclasses import asdict
from decimal import Decimal

from meterhouse.catalog.price import Commitments, DynamicPrice, FlatPrice, PackagePrice, Price, TieredPrice
from meterhouse.catalog.rate_card import RateCard
from meterhouse.catalog.tier_rules import tier_problems
from meterhouse.kernel.errors import Problem

_LARGEST, _MOST_PLACES = Decimal(10) ** 15, 20
"""Of prices and quantities: their products, and what those add up to, stay within what an answer can hold."""
OUT_OF_RANGE = f"numbers have at most 15 digits before the point and {_MOST_PLACES} behind it"


def price_problems(card: RateCard, at: str) -> Iterator[Problem]:
    """Problems of a rate card's price, discounts and unit conversion; the card stands at the JSON pointer `at`."""
    for name, part in (("price", card.price), ("discounts", card.discounts), ("unitConfig", card.unit_config)):
        if part is not None and not all(map(is_in_range, _numbers(asdict(part)))):
            yield Problem(f"{at}/{name}", "number_out_of_range", OUT_OF_RANGE)
    if card.price is not None:
        yield from _commitment_problems(card.price.commitments, f"{at}/price")
    if isinstance(card.price, TieredPrice):
        yield from tier_problems(card.price, f"{at}/price/tiers")
    yield from _discount_problems(card, f"{at}/discounts")
    if card.unit_config is not None and not _is_converted(card.price):
        message = "only unit and tiered prices can be for another unit than the metered one"
        yield Problem(f"{at}/unitConfig", "rate_card_unit_config_not_applicable", message)


def is_in_range(number: Decimal) -> bool:
    """Whether it is no larger, and no finer, than what can be charged by."""
    return number.copy_abs() < _LARGEST and len(f"{number:f}".partition(".")[2]) <= _MOST_PLACES


def _numbers(part: object) -> Iterator[Decimal]:
    if isinstance(part, Decimal):
        yield part
    elif isinstance(part, dict):
        for one in part.values():
            yield from _numbers(one)
    elif isinstance(part, tuple | list):
        for one in part:
            yield from _numbers(one)


def _commitment_problems(commitments: Commitments, at: str) -> Iterator[Problem]:
    least, most = commitments.minimum, commitments.maximum
    if least is not None and most is not None and least > most:
        message = f"{least:f} is more than the maximum of {most:f}"
        yield Problem(f"{at}/minimumAmount", "price_minimum_above_maximum", message)


def _discount_problems(card: RateCard, at: str) -> Iterator[Problem]:
    discounts, price = card.discounts, card.price
    if price is None:
        for name, value in (("percentage", discounts.percentage), ("usage", discounts.usage)):
            if value is not None:
                message = "what is free cannot be discounted: leave the discount out, or give a price"
                yield Problem(f"{at}/{name}", "rate_card_discount_without_price", message)
    elif discounts.usage is not None and isinstance(price, FlatPrice | DynamicPrice):
        reason = "has no units" if isinstance(price, FlatPrice) else "is for money, which has no units"
        message = f"free units do not go with this price, which {reason}"
        yield Problem(f"{at}/usage", "rate_card_usage_discount_not_applicable", message)


def _is_converted(price: Price | None) -> bool:
    return price is not None and not isinstance(price, FlatPrice | PackagePrice | DynamicPrice)
