"""What a language model's provider asks for its tokens, in US dollars a token."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from meterhouse.catalog.unit_cost import TokenType

if TYPE_CHECKING:
    from decimal import Decimal

_COUNTS_AS: Mapping[TokenType, TokenType] = {
    TokenType.REQUEST: TokenType.INPUT,
    TokenType.RESPONSE: TokenType.OUTPUT,
    TokenType.CACHE_READ: TokenType.INPUT,
    TokenType.CACHE_WRITE: TokenType.INPUT,
    TokenType.REASONING: TokenType.OUTPUT,
}
"""What a type costs where the provider has no price of its own for it."""


@dataclass(frozen=True, slots=True)
class RequestTier:
    """`price` holds for every token of a request with more than `above` tokens of input."""

    above: int
    price: Decimal


@dataclass(frozen=True, slots=True)
class TokenPrice:
    """The price of a token; long requests may cost more, as a whole. Tiers are in order."""

    base: Decimal
    tiers: tuple[RequestTier, ...] = ()

    def of(self, input_tokens: int) -> Decimal:
        """The price of each token of a request with so many tokens of input, cached ones among them."""
        return next((tier.price for tier in reversed(self.tiers) if input_tokens > tier.above), self.base)


Prices = Mapping[TokenType, TokenPrice]


@dataclass(frozen=True, slots=True)
class TokenPricing:
    """Prices by token type; `batch` are those of requests that may wait, where the provider has any."""

    prices: Prices
    batch: Prices = field(default_factory=dict)

    def price(self, token_type: TokenType, *, is_batch: bool = False) -> TokenPrice | None:
        """What such a token costs; None: the provider has no price for it."""
        return _price({**self.prices, **self.batch} if is_batch else self.prices, token_type)

    @property
    def thresholds(self) -> tuple[int, ...]:
        """The lengths of requests above which another price may hold, in order."""
        prices = (*self.prices.values(), *self.batch.values())
        return tuple(sorted({tier.above for price in prices for tier in price.tiers}))


def _price(prices: Prices, token_type: TokenType) -> TokenPrice | None:
    found = prices.get(token_type)
    counts_as = _COUNTS_AS.get(token_type)
    return _price(prices, counts_as) if found is None and counts_as is not None else found
