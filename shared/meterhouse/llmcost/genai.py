"""The price list of the package `genai-prices`, which is edited after the providers' own pages.

https://github.com/pydantic/genai-prices
"""

from __future__ import annotations

from dataclasses import fields
from datetime import UTC, datetime, time
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from meterhouse.catalog.unit_cost import TokenType
from meterhouse.kernel.rounding import EXACT
from meterhouse.llmcost.llm_price import Model
from meterhouse.llmcost.model_name import provider_id
from meterhouse.llmcost.price_list import BEGINNING, ListedPrice
from meterhouse.llmcost.token_price import Prices, RequestTier, TokenPrice, TokenPricing

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from genai_prices.types import (
        MatchLogic,
        ModelInfo,
        ModelPrice,
        PriceVariant,
        Provider,
        StartDateConstraint,
        TieredPrices,
        TimeOfDateConstraint,
    )

_MILLION = -6
"""The list's prices are of a million tokens."""
_FIELDS = {
    TokenType.INPUT: "input_mtok",
    TokenType.OUTPUT: "output_mtok",
    TokenType.CACHE_READ: "cache_read_mtok",
    TokenType.CACHE_WRITE: "cache_write_mtok",
    TokenType.REASONING: "output_reasoning_mtok",
}
_BATCH = {"processing": "batch"}


def listed_prices() -> Iterator[tuple[Model, Sequence[ListedPrice]]]:
    """The models whose tokens the list prices, each with its prices, the earliest first.

    Models whose price depends on the time of day are left out: no price is better than a wrong one.
    """
    from genai_prices.data import providers  # noqa: PLC0415 - a large module, read once a run

    for provider in providers:
        for model in provider.models:
            dated = _dated(model)
            listed = _listed(dated, [one for one in model.price_variants or () if one.when == _BATCH])
            if listed:
                yield _model(provider, model), listed


def _model(provider: Provider, model: ModelInfo) -> Model:
    return Model(provider_id(provider.id), provider.name, model.id, model.name or model.id, _match(model.match))


def _dated(model: ModelInfo) -> list[tuple[datetime, ModelPrice]]:
    """The prices with the day from which they hold; none where one holds at some times of the day."""
    from genai_prices.types import ModelPrice, StartDateConstraint  # noqa: PLC0415 - loaded with the list

    if isinstance(model.prices, ModelPrice):
        return [(BEGINNING, model.prices)]
    constraints = [one.constraint for one in model.prices]
    if not all(one is None or isinstance(one, StartDateConstraint) for one in constraints):
        return []
    by_day = {_since(one.constraint): one.prices for one in model.prices}
    return sorted(by_day.items(), key=lambda one: one[0])


def _since(constraint: StartDateConstraint | TimeOfDateConstraint | None) -> datetime:
    """The day; what holds at times of the day was left out before."""
    day = getattr(constraint, "start_date", None)
    return BEGINNING if day is None else datetime.combine(day, time(), UTC)


def _listed(dated: Sequence[tuple[datetime, ModelPrice]], batch: Sequence[PriceVariant]) -> list[ListedPrice]:
    days = sorted({since for since, _ in dated} | {_since(one.constraint) for one in batch if dated})
    listed = [
        ListedPrice(
            TokenPricing(
                _prices([prices for since, prices in dated if since <= day][-1:]),
                _prices([one.prices for one in batch if _since(one.constraint) <= day]),
            ),
            day,
        )
        for day in days
    ]
    return listed if any(one.pricing.prices for one in listed) else []


def _prices(told: Sequence[ModelPrice]) -> Prices:
    """Of several prices of a type the first, as the package decides among variants."""
    found: dict[TokenType, TokenPrice] = {}
    for prices in told:
        for token_type, name in _FIELDS.items():
            price = getattr(prices, name, None)
            if price is not None:
                found.setdefault(token_type, _price(price))
    return found


def _price(price: Decimal | TieredPrices) -> TokenPrice:
    if isinstance(price, Decimal):
        return TokenPrice(_of_one(price))
    return TokenPrice(_of_one(price.base), tuple(RequestTier(tier.start, _of_one(tier.price)) for tier in price.tiers))


def _of_one(of_a_million: Decimal) -> Decimal:
    return EXACT.normalize(EXACT.scaleb(of_a_million, _MILLION))


def _match(clause: MatchLogic) -> Mapping[str, Any]:
    """The clause as a document that `model_match` reads."""
    [one] = fields(clause)
    wanted = getattr(clause, one.name)
    return {one.name.rstrip("_"): wanted if isinstance(wanted, str) else [_match(part) for part in wanted]}
