"""Prices of tokens as JSON documents, as stored: decimals in strings."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from meterhouse.catalog.unit_cost import TokenType
from meterhouse.llmcost.token_price import Prices, RequestTier, TokenPrice, TokenPricing

Document = dict[str, Any]


def pricing_to_document(pricing: TokenPricing) -> Document:
    return {"prices": _to_document(pricing.prices), "batch": _to_document(pricing.batch)}


def pricing_from_document(document: Mapping[str, Any]) -> TokenPricing:
    return TokenPricing(_from_document(document["prices"]), _from_document(document["batch"]))


def _to_document(prices: Prices) -> Document:
    return {
        token_type.value: {
            "base": f"{price.base:f}",
            "tiers": [{"above": tier.above, "price": f"{tier.price:f}"} for tier in price.tiers],
        }
        for token_type, price in prices.items()
    }


def _from_document(document: Mapping[str, Any]) -> Prices:
    return {
        TokenType(name): TokenPrice(
            Decimal(price["base"]),
            tuple(RequestTier(tier["above"], Decimal(tier["price"])) for tier in price["tiers"]),
        )
        for name, price in document.items()
    }
