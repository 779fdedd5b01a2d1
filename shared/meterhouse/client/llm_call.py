"""A finished call of a language model, read from the response of an OpenAI-style or Anthropic-style API."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from meterhouse.client.options import Unwritable

_DETAILS = ("prompt_tokens_details", "input_tokens_details", "completion_tokens_details", "output_tokens_details")
_TIMES = ("created", "created_at")
_TIERS = {"auto": "standard", "default": "standard"}


@dataclass(frozen=True, slots=True)
class Tokens:
    """Each token is counted in one of these and in no other, as prices want it."""

    input: int
    cache_read: int
    cache_write: int
    output: int
    reasoning: int

    @property
    def sent(self) -> int:
        """The length of the request: above some lengths, prices are others."""
        return self.input + self.cache_read + self.cache_write


@dataclass(frozen=True, slots=True)
class LlmCall:
    """`at` is when the provider says it was made; `processing` is `batch` where tokens may cost less for waiting."""

    id: str
    provider: str
    model: str
    at: datetime | None
    processing: str
    tokens: Tokens

    def data(self) -> dict[str, object]:
        """What the event tells: shared/meterhouse/client/README.md lists the meters that read it."""
        tokens = self.tokens
        return {
            "provider": self.provider,
            "model": self.model,
            "processing": self.processing,
            "input_tokens": tokens.input,
            "cache_read_tokens": tokens.cache_read,
            "cache_write_tokens": tokens.cache_write,
            "output_tokens": tokens.output,
            "reasoning_tokens": tokens.reasoning,
            "request_tokens": tokens.sent,
            "total_tokens": tokens.sent + tokens.output + tokens.reasoning,
        }


def member(thing: object, name: str) -> object:
    """Of a dict or an object; None where it has none."""
    return thing.get(name) if isinstance(thing, Mapping) else getattr(thing, name, None)


def read_call(response: object, provider: str | None) -> LlmCall:
    """The call of a Chat Completion, a Response or a Message, as dict or object.

    Raises:
        Unwritable: it tells no model or no usage.
    """
    usage, model = member(response, "usage"), member(response, "model")
    if usage is None:
        raise Unwritable("the response tells no usage; a stream does with stream_options={'include_usage': True}")
    if not isinstance(model, str) or not model:
        raise Unwritable("the response tells no model")
    call_id = member(response, "id")
    is_message = member(response, "type") == "message"
    tier = member(usage, "service_tier") or member(response, "service_tier") or "standard"
    return LlmCall(
        call_id if isinstance(call_id, str) else "",
        provider or ("anthropic" if is_message else "openai"),
        model,
        _time(response),
        _TIERS.get(str(tier), str(tier)),
        _message_tokens(usage) if is_message else _openai_tokens(usage),
    )


def _message_tokens(usage: object) -> Tokens:
    """Anthropic's: input is what no cache had to do with, output holds the reasoning untold."""
    read, write = _count(usage, "cache_read_input_tokens"), _count(usage, "cache_creation_input_tokens")
    return Tokens(_count(usage, "input_tokens"), read, write, _count(usage, "output_tokens"), 0)


def _openai_tokens(usage: object) -> Tokens:
    """OpenAI's: cached tokens are part of the input, reasoning is part of the output.

    Some that speak its language count reasoning beside the output: their total says so.
    """
    details = {name: member(usage, name) for name in _DETAILS}
    cached = max(_count(details[name], "cached_tokens") for name in _DETAILS[:2])
    reasoning = max(_count(details[name], "reasoning_tokens") for name in _DETAILS[2:])
    sent = max(_count(usage, "prompt_tokens"), _count(usage, "input_tokens"))
    output = max(_count(usage, "completion_tokens"), _count(usage, "output_tokens"))
    is_beside = reasoning > output or _count(usage, "total_tokens") == sent + output + reasoning
    return Tokens(max(0, sent - cached), cached, 0, output if is_beside else output - reasoning, reasoning)


def _count(usage: object, name: str) -> int:
    value = member(usage, name)
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else 0


def _time(response: object) -> datetime | None:
    for name in _TIMES:
        seconds = member(response, name)
        if isinstance(seconds, int | float) and not isinstance(seconds, bool):
            try:
                return datetime.fromtimestamp(seconds, UTC)
            except (ValueError, OverflowError, OSError):
                return None
    return None
