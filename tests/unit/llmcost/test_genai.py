"""The price list of the package: known models, by the figures of their providers' pages, a million tokens each."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from meterhouse.catalog.unit_cost import TokenType
from meterhouse.llmcost.cost import Used, costs_of
from meterhouse.llmcost.genai import listed_prices
from meterhouse.llmcost.price_book import Name, PriceBook
from meterhouse.llmcost.price_list import changes_of
from tests.unit.llmcost.samples import TOLD, T

MILLION = Decimal(1_000_000)
LISTED = datetime(2026, 11, 1, tzinfo=UTC)
"""The list tells prices of batches from October on."""
LONG = 200_001


@pytest.fixture(scope="module")
def book() -> PriceBook:
    return PriceBook(price for model, listed in listed_prices() for price in changes_of(model, (), listed, T).write)


@pytest.mark.parametrize(
    ("provider", "model", "input_", "output"),
    [
        ("openai", "gpt-4o-2024-08-06", "2.50", "10"),
        ("openai", "gpt-4o-mini", "0.15", "0.60"),
        ("openai", "gpt-4.1", "2", "8"),
        ("openai", "o3-mini", "1.10", "4.40"),
        ("openai", "gpt-4-turbo", "10", "30"),
        ("anthropic", "claude-3-5-sonnet-20241022", "3", "15"),
        ("anthropic", "claude-3-opus-20240229", "15", "75"),
        ("google", "gemini-2.0-flash", "0.10", "0.40"),
        ("google", "gemini-2.5-pro", "1.25", "10"),
        ("groq", "llama-3.3-70b-versatile", "0.59", "0.79"),
        ("azure_openai", "gpt-4o", None, None),
    ],
)
def test_a_known_model_costs_what_its_provider_asks(
    book: PriceBook, provider: str, model: str, input_: str | None, output: str | None
) -> None:
    used = [
        Used(MILLION, (kind,), T, {"provider": provider, "model": model, "type": kind}) for kind in ("input", "output")
    ]

    amounts = [cost.amount for cost in costs_of(TOLD, used, book).values()]

    assert amounts == [told and Decimal(told) for told in (input_, output)]


@pytest.mark.parametrize(
    ("name", "token_type", "is_batch", "input_tokens", "expected"),
    [
        (("anthropic", "claude-sonnet-4-5"), TokenType.INPUT, False, LONG, "6"),
        (("anthropic", "claude-sonnet-4-5"), TokenType.INPUT, False, LONG - 1, "3"),
        (("anthropic", "claude-sonnet-4-5"), TokenType.CACHE_READ, False, 0, "0.3"),
        (("anthropic", "claude-sonnet-4-5"), TokenType.CACHE_WRITE, False, 0, "3.75"),
        (("anthropic", "claude-sonnet-4-5"), TokenType.OUTPUT, True, 0, "7.5"),
        (("google", "gemini-2.5-pro"), TokenType.OUTPUT, False, LONG, "15"),
        (("openai", "gpt-4o"), TokenType.CACHE_READ, False, 0, "1.25"),
        (("openai", "gpt-4o"), TokenType.INPUT, True, 0, "1.25"),
    ],
)
def test_a_cached_a_batched_and_a_long_request_cost_what_their_provider_asks(
    book: PriceBook, name: Name, token_type: TokenType, is_batch: bool, input_tokens: int, expected: str
) -> None:
    found = book.price(name, LISTED)

    assert found is not None
    asked = found.pricing.price(token_type, is_batch=is_batch)
    assert asked is not None
    assert asked.of(input_tokens) * MILLION == Decimal(expected)


def test_a_model_whose_price_depends_on_the_time_of_day_has_none(book: PriceBook) -> None:
    assert book.price(("deepseek", "deepseek-chat"), T) is None
