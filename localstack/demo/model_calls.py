"""The second act's input: thirty days of a product's calls of language models, as their providers' APIs answer them."""

import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

DAYS = 30
_SEED = 20260101


@dataclass(frozen=True, slots=True)
class Seat:
    """Who buys the product, what it asks of which models, and about how often a day."""

    key: str
    name: str
    models: tuple[str, ...]
    calls_a_day: int
    prompt: int
    answer: int


@dataclass(frozen=True, slots=True)
class ModelCall:
    """A call of a day, 0 to 29, with the response that the provider gave."""

    seat: Seat
    day: int
    at: datetime
    provider: str
    response: dict[str, Any]

    @property
    def model(self) -> str:
        name: str = self.response["model"]
        return name


PROVIDERS = {
    "gpt-4.1": "openai",
    "gpt-4.1-mini": "openai",
    "gpt-5-mini": "openai",
    "claude-haiku-4-5": "anthropic",
    "claude-sonnet-4-0": "anthropic",
}
SEATS = (
    Seat("inkwell", "Inkwell Press", ("claude-sonnet-4-0", "claude-haiku-4-5"), 60, 3_000, 900),
    Seat("parley", "Parley Support", ("gpt-4.1-mini", "gpt-5-mini"), 90, 1_200, 250),
    Seat("sandpit", "Sandpit Games", ("gpt-4.1", "gpt-5-mini"), 20, 800, 400),
)


def smaller(one_in: int) -> tuple[Seat, ...]:
    """The same customers with so many times fewer calls."""
    return tuple(replace(seat, calls_a_day=max(1, seat.calls_a_day // one_in)) for seat in SEATS)


def calls_of(seat: Seat, began: datetime) -> Iterator[ModelCall]:
    """A seat's calls in the order they were made; a beginning always makes the same ones."""
    draw = random.Random(f"{_SEED}-{seat.key}")  # noqa: S311 - a repeatable product, no secret
    for day in range(DAYS):
        for number in range(draw.randint(seat.calls_a_day * 3 // 4, seat.calls_a_day * 5 // 4)):
            model = draw.choice(seat.models)
            at = began + timedelta(days=day, seconds=draw.randrange(24 * 3600))
            call_id = f"call-{began:%Y%m%d}-{seat.key}-{day}-{number}"
            sent, cached = draw.randint(seat.prompt // 2, seat.prompt * 2), draw.choice((0, 0, seat.prompt // 3))
            answered = draw.randint(seat.answer // 2, seat.answer * 2)
            provider = PROVIDERS[model]
            told = (call_id, model, at, sent, cached, answered)
            response = _message(*told) if provider == "anthropic" else _completion(*told)
            yield ModelCall(seat, day, at, provider, response)


def _message(call_id: str, model: str, at: datetime, sent: int, cached: int, answered: int) -> dict[str, Any]:
    """As Anthropic's Messages API tells it: input is what no cache had."""
    usage = {"input_tokens": sent - cached, "cache_read_input_tokens": cached, "output_tokens": answered}
    return {"id": call_id, "type": "message", "model": model, "created_at": at.timestamp(), "usage": usage}


def _completion(call_id: str, model: str, at: datetime, sent: int, cached: int, answered: int) -> dict[str, Any]:
    """As OpenAI's Chat Completions tell it: cached tokens are part of the prompt's."""
    usage = {
        "prompt_tokens": sent,
        "prompt_tokens_details": {"cached_tokens": cached},
        "completion_tokens": answered,
        "completion_tokens_details": {"reasoning_tokens": answered // 4 if model.startswith("gpt-5") else 0},
        "total_tokens": sent + answered,
    }
    return {"id": call_id, "object": "chat.completion", "model": model, "created": at.timestamp(), "usage": usage}


def price_of(call: ModelCall) -> Decimal:
    """What the provider asks for the call, in US dollars, as the package `genai-prices` reckons and not Meterhouse."""
    from genai_prices import Usage, calc_price  # noqa: PLC0415 - a large module, for the second act alone

    usage = call.response["usage"]
    cached = usage.get("cache_read_input_tokens", usage.get("prompt_tokens_details", {}).get("cached_tokens", 0))
    sent = usage["prompt_tokens"] if "prompt_tokens" in usage else usage["input_tokens"] + cached
    answered = usage.get("completion_tokens", usage.get("output_tokens"))
    told = Usage(input_tokens=sent, cache_read_tokens=cached, output_tokens=answered)
    return calc_price(told, call.model, provider_id=call.provider, genai_request_timestamp=call.at).total_price
