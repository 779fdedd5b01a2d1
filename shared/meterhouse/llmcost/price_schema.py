"""Prices of language models on the wire, to the contract's third version."""

from decimal import Decimal
from typing import Annotated

from pydantic import Field

from meterhouse.catalog.unit_cost import TokenType
from meterhouse.llmcost.llm_price import LlmPrice, Source
from meterhouse.llmcost.manage_prices import OverrideSpec
from meterhouse.llmcost.ports import PageOf
from meterhouse.llmcost.token_price import Prices, TokenPrice, TokenPricing
from meterhouse.platform.wire import CurrencyCode, Instant, Name, Numeric, PageMeta, PaginatedMeta, SnakeWire, Ulid

_FREE = Decimal(0)
PerToken = Annotated[Numeric, Field(ge=0)]


class LLMCostProvider(SnakeWire):
    id: str
    name: str


class LLMCostModel(SnakeWire):
    id: str
    name: str


class LLMCostRequestTier(SnakeWire):
    """Beyond the contract: what every token of a request with more tokens of input costs."""

    above_input_tokens: int
    pricing: "LLMCostModelPricing"


class LLMCostModelPricing(SnakeWire):
    input_per_token: PerToken
    output_per_token: PerToken
    cache_read_per_token: PerToken | None = None
    cache_write_per_token: PerToken | None = None
    reasoning_per_token: PerToken | None = None


class LLMCostOverrideCreate(SnakeWire):
    provider: Name
    model_id: Name
    model_name: Name | None = None
    pricing: LLMCostModelPricing
    currency: CurrencyCode
    effective_from: Instant
    effective_to: Instant | None = None

    def spec(self) -> OverrideSpec:
        return OverrideSpec(
            self.provider,
            self.model_id,
            self.model_name,
            _pricing(self.pricing),
            self.currency,
            self.effective_from,
            self.effective_to,
        )


class LLMCostPrice(SnakeWire):
    """`request_tiers` and `batch_pricing` are beyond the contract."""

    id: Ulid
    provider: LLMCostProvider
    model: LLMCostModel
    pricing: LLMCostModelPricing
    request_tiers: list[LLMCostRequestTier] | None = None
    batch_pricing: LLMCostModelPricing | None = None
    currency: CurrencyCode
    source: Source
    effective_from: Instant
    effective_to: Instant | None = None
    created_at: Instant
    updated_at: Instant


def price_wire(price: LlmPrice) -> LLMCostPrice:
    pricing = price.pricing
    tiers = [
        LLMCostRequestTier(above_input_tokens=above, pricing=_pricing_wire(pricing.prices, above + 1))
        for above in pricing.thresholds
    ]
    return LLMCostPrice(
        id=price.id,
        provider=LLMCostProvider(id=price.model.provider, name=price.model.provider_name),
        model=LLMCostModel(id=price.model.id, name=price.model.name),
        pricing=_pricing_wire(pricing.prices),
        request_tiers=tiers or None,
        batch_pricing=_pricing_wire(pricing.batch) if pricing.batch else None,
        currency=price.currency,
        source=price.source,
        effective_from=price.effective_from,
        effective_to=price.effective_to,
        created_at=price.created_at,
        updated_at=price.updated_at,
    )


def _pricing_wire(prices: Prices, input_tokens: int = 0) -> LLMCostModelPricing:
    """What a request of that length pays; the contract knows no model without a price of input or output."""
    told = {token_type: price.of(input_tokens) for token_type, price in prices.items()}
    return LLMCostModelPricing(
        input_per_token=told.get(TokenType.INPUT, _FREE),
        output_per_token=told.get(TokenType.OUTPUT, _FREE),
        cache_read_per_token=told.get(TokenType.CACHE_READ),
        cache_write_per_token=told.get(TokenType.CACHE_WRITE),
        reasoning_per_token=told.get(TokenType.REASONING),
    )


def _pricing(wire: LLMCostModelPricing) -> TokenPricing:
    told = {
        TokenType.INPUT: wire.input_per_token,
        TokenType.OUTPUT: wire.output_per_token,
        TokenType.CACHE_READ: wire.cache_read_per_token,
        TokenType.CACHE_WRITE: wire.cache_write_per_token,
        TokenType.REASONING: wire.reasoning_per_token,
    }
    return TokenPricing({token_type: TokenPrice(price) for token_type, price in told.items() if price is not None})


class PricePagePaginatedResponse(SnakeWire):
    data: list[LLMCostPrice]
    meta: PaginatedMeta


def price_page(page: PageOf, prices: list[LlmPrice], total: int) -> PricePagePaginatedResponse:
    meta = PaginatedMeta(page=PageMeta(number=page.number, size=page.size, total=total))
    return PricePagePaginatedResponse(data=[price_wire(price) for price in prices], meta=meta)
