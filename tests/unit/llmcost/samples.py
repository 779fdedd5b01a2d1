"""Prices as tests write them down."""

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from meterhouse.catalog.unit_cost import LlmUnitCost, TokenType, ToldBy
from meterhouse.llmcost.llm_price import LlmPrice, Model, Source
from meterhouse.llmcost.token_price import RequestTier, TokenPrice, TokenPricing

T = datetime(2026, 3, 1, tzinfo=UTC)
TOLD = LlmUnitCost(ToldBy("provider"), ToldBy("model"), ToldBy("type"))


def token_price(base: str, **above: str) -> TokenPrice:
    """A price, and what requests of more than so many tokens pay: `above_200="3"`."""
    tiers = (RequestTier(int(name.removeprefix("above_")), Decimal(price)) for name, price in above.items())
    return TokenPrice(Decimal(base), tuple(tiers))


def pricing(input_: str | TokenPrice = "1", output: str = "2", batch: str | None = None, **others: str) -> TokenPricing:
    prices: dict[TokenType, TokenPrice] = {
        TokenType.INPUT: token_price(input_) if isinstance(input_, str) else input_,
        TokenType.OUTPUT: token_price(output),
    }
    prices |= {TokenType(name): token_price(price) for name, price in others.items()}
    return TokenPricing(prices, {} if batch is None else {TokenType.INPUT: token_price(batch)})


def price(
    model: str = "m-1",
    told: TokenPricing | None = None,
    *,
    provider: str = "acme",
    since: datetime = T,
    until: datetime | None = None,
    source: Source = Source.SYSTEM,
    match: Mapping[str, Any] | None = None,
    currency: str = "USD",
) -> LlmPrice:
    return LlmPrice(
        id=f"{source}/{provider}/{model}/{since}",
        model=Model(provider, provider.title(), model, model.upper(), match),
        pricing=told or pricing(),
        currency=currency,
        source=source,
        effective_from=since,
        created_at=since,
        updated_at=since,
        effective_to=until,
    )
