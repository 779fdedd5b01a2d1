"""Prices and what goes with them as JSON documents, as they are stored: decimals as text, and only what is set."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, assert_never

from meterhouse.catalog.discount import Discounts
from meterhouse.catalog.price import (
    Commitments,
    DynamicPrice,
    FlatPrice,
    PackagePrice,
    PaymentTerm,
    Price,
    Tier,
    TieredPrice,
    TierMode,
    UnitPrice,
)
from meterhouse.catalog.unit_config import Operation, UnitConfig, UnitRounding

Document = dict[str, Any]
Write = Callable[[Decimal], str]
"""How a decimal becomes text."""


def as_given(value: Decimal) -> str:
    """With the zeros it was given with, and without an exponent."""
    return f"{value:f}"


def price_to_document(price: Price, write: Write = as_given) -> Document:
    committed = {"minimum_amount": price.commitments.minimum, "maximum_amount": price.commitments.maximum}
    return _priced(price, write) | _given(committed, write)


def price_from_document(document: Mapping[str, Any]) -> Price:
    """The price of a stored document; `ValueError` for a type that was never written."""
    commitments = Commitments(_optional(document, "minimum_amount"), _optional(document, "maximum_amount"))
    match document["type"]:
        case "flat":
            return FlatPrice(Decimal(document["amount"]), PaymentTerm(document["payment_term"]))
        case "unit":
            return UnitPrice(Decimal(document["amount"]), commitments)
        case "tiered":
            tiers = tuple(_tier_from_document(tier) for tier in document["tiers"])
            return TieredPrice(TierMode(document["mode"]), tiers, commitments)
        case "package":
            size = Decimal(document["quantity_per_package"])
            return PackagePrice(Decimal(document["amount"]), size, commitments)
        case "dynamic":
            return DynamicPrice(Decimal(document["multiplier"]), commitments)
        case other:
            raise ValueError(f"{other!r} is no type of price")


def discounts_to_document(discounts: Discounts, write: Write = as_given) -> Document:
    links = {"percentage_link": discounts.percentage_link, "usage_link": discounts.usage_link}
    return {
        **_given({"percentage": discounts.percentage, "usage": discounts.usage}, write),
        **{name: link for name, link in links.items() if link is not None},
    }


def discounts_from_document(document: Mapping[str, Any]) -> Discounts:
    links = (document.get(name) for name in ("percentage_link", "usage_link"))
    return Discounts(_optional(document, "percentage"), _optional(document, "usage"), *links)


def unit_config_to_document(config: UnitConfig, write: Write = as_given) -> Document:
    return {
        "operation": config.operation.value,
        "conversion_factor": write(config.conversion_factor),
        "rounding": config.rounding.value,
        "precision": config.precision,
        "display_unit": config.display_unit,
    }


def unit_config_from_document(document: Mapping[str, Any]) -> UnitConfig:
    return UnitConfig(
        operation=Operation(document["operation"]),
        conversion_factor=Decimal(document["conversion_factor"]),
        rounding=UnitRounding(document["rounding"]),
        precision=document["precision"],
        display_unit=document["display_unit"],
    )


def _priced(price: Price, write: Write) -> Document:
    match price:
        case FlatPrice():
            return {"type": "flat", "amount": write(price.amount), "payment_term": price.payment_term.value}
        case UnitPrice():
            return {"type": "unit", "amount": write(price.amount)}
        case TieredPrice():
            tiers = [_tier_to_document(tier, write) for tier in price.tiers]
            return {"type": "tiered", "mode": price.mode.value, "tiers": tiers}
        case PackagePrice():
            size = write(price.quantity_per_package)
            return {"type": "package", "amount": write(price.amount), "quantity_per_package": size}
        case DynamicPrice():
            return {"type": "dynamic", "multiplier": write(price.multiplier)}
        case _:
            assert_never(price)


def _tier_to_document(tier: Tier, write: Write) -> Document:
    parts = {"up_to": tier.up_to, "flat_amount": tier.flat_amount, "unit_amount": tier.unit_amount}
    return {name: None if value is None else write(value) for name, value in parts.items()}


def _tier_from_document(document: Mapping[str, Any]) -> Tier:
    return Tier(*(_optional(document, name) for name in ("up_to", "flat_amount", "unit_amount")))


def _given(values: Mapping[str, Decimal | None], write: Write) -> Document:
    return {name: write(value) for name, value in values.items() if value is not None}


def _optional(document: Mapping[str, Any], name: str) -> Decimal | None:
    text = document.get(name)
    return None if text is None else Decimal(text)
