"""The response that a stream of chunks makes, as far as usage goes."""

from __future__ import annotations

from meterhouse.client.llm_call import member

_OF_RESPONSE = ("id", "model", "type", "created", "created_at", "service_tier")
_OF_USAGE = (
    *("prompt_tokens", "completion_tokens", "total_tokens", "prompt_tokens_details", "completion_tokens_details"),
    *("input_tokens", "output_tokens", "input_tokens_details", "output_tokens_details"),
    *("cache_read_input_tokens", "cache_creation_input_tokens", "service_tier"),
)


class StreamedResponse:
    """Chunks of chat completions, events of responses and of messages; what is told last holds."""

    def __init__(self) -> None:
        self._response: dict[str, object] = {}
        self._usage: dict[str, object] = {}

    def see(self, chunk: object) -> None:
        # a response's events and a message's first one carry the whole; a message's last one has usage alone
        whole = member(chunk, "response") or member(chunk, "message")
        is_part = whole is None and member(chunk, "id") is None
        if not is_part:
            self._response |= _told(chunk if whole is None else whole, _OF_RESPONSE)
        self._usage |= _told(member(chunk if whole is None else whole, "usage"), _OF_USAGE)

    @property
    def response(self) -> dict[str, object]:
        return {**self._response, "usage": self._usage or None}


def _told(thing: object, names: tuple[str, ...]) -> dict[str, object]:
    return {name: value for name in names if (value := member(thing, name)) is not None}
