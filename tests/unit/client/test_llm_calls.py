"""Each token of a model's response is counted once, whoever's words tell it."""

from collections.abc import Iterable
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from meterhouse.client.llm_call import Tokens, read_call
from meterhouse.client.llm_stream import StreamedResponse
from meterhouse.client.options import Unwritable

CHAT: dict[str, Any] = {
    "id": "chatcmpl-1",
    "object": "chat.completion",
    "created": 1767225600,
    "model": "gpt-5-2025-08-07",
    "service_tier": "default",
    "usage": {
        "prompt_tokens": 1000,
        "completion_tokens": 300,
        "total_tokens": 1300,
        "prompt_tokens_details": {"cached_tokens": 600, "audio_tokens": 0},
        "completion_tokens_details": {"reasoning_tokens": 200},
    },
}
RESPONSE: dict[str, Any] = {
    "id": "resp_1",
    "object": "response",
    "created_at": 1767225600.0,
    "model": "gpt-5",
    "service_tier": "flex",
    "usage": {
        "input_tokens": 1000,
        "input_tokens_details": {"cached_tokens": 600},
        "output_tokens": 300,
        "output_tokens_details": {"reasoning_tokens": 200},
        "total_tokens": 1300,
    },
}
MESSAGE: dict[str, Any] = {
    "id": "msg_1",
    "type": "message",
    "model": "claude-sonnet-4-5",
    "usage": {
        "input_tokens": 400,
        "cache_read_input_tokens": 500,
        "cache_creation_input_tokens": 100,
        "output_tokens": 300,
        "service_tier": "batch",
    },
}
AT = datetime(2026, 1, 1, tzinfo=UTC)
REASONING = {"completion_tokens_details": {"reasoning_tokens": 8}}
REASONED = Tokens(400, 600, 0, 100, 200)


def as_object(document: object) -> object:
    if isinstance(document, dict):
        return SimpleNamespace(**{name: as_object(part) for name, part in document.items()})
    return document


@pytest.mark.parametrize("shape", [dict, as_object])
@pytest.mark.parametrize(
    ("response", "told"),
    [
        (CHAT, ("chatcmpl-1", "openai", "gpt-5-2025-08-07", AT, "standard", REASONED)),
        (RESPONSE, ("resp_1", "openai", "gpt-5", AT, "flex", REASONED)),
        (MESSAGE, ("msg_1", "anthropic", "claude-sonnet-4-5", None, "batch", Tokens(400, 500, 100, 300, 0))),
    ],
)
def test_a_response_tells_its_call(response: dict[str, Any], told: tuple[object, ...], shape: Any) -> None:
    call = read_call(shape(response), None)

    assert (call.id, call.provider, call.model, call.at, call.processing, call.tokens) == told
    data = call.data()
    counted = ("input", "cache_read", "cache_write", "output", "reasoning")
    assert data["total_tokens"] == sum(int(str(data[f"{name}_tokens"])) for name in counted) == 1300
    assert data["request_tokens"] == 1000


@pytest.mark.parametrize(
    ("usage", "tokens"),
    [
        ({"prompt_tokens": 5, "completion_tokens": 2, "total_tokens": 7}, (5, 0, 0, 2, 0)),
        ({"prompt_tokens": 5, "completion_tokens": 2, "prompt_tokens_details": None}, (5, 0, 0, 2, 0)),
        # reasoning beside the output: the total says so, or there is more of it than of output
        ({"prompt_tokens": 5, "completion_tokens": 9, "total_tokens": 22, **REASONING}, (5, 0, 0, 9, 8)),
        ({"prompt_tokens": 5, "completion_tokens": 2, **REASONING}, (5, 0, 0, 2, 8)),
        # more cached than sent, numbers that are none
        ({"prompt_tokens": 5, "prompt_tokens_details": {"cached_tokens": 6}, "completion_tokens": -1}, (0, 6, 0, 0, 0)),
        ({"prompt_tokens": True, "completion_tokens": "2"}, (0, 0, 0, 0, 0)),
    ],
)
def test_odd_usage_counts_nothing_twice(usage: dict[str, Any], tokens: tuple[int, ...]) -> None:
    assert read_call({"model": "m", "usage": usage}, "acme").tokens == Tokens(*tokens)


@pytest.mark.parametrize("response", [{}, None, {"usage": {"prompt_tokens": 1}}, {"model": "m", "usage": None}])
def test_a_response_that_tells_no_usage_or_model_is_no_call(response: object) -> None:
    with pytest.raises(Unwritable, match="tells no"):
        read_call(response, None)


def told_by(chunks: Iterable[object]) -> dict[str, object]:
    seen = StreamedResponse()
    for chunk in chunks:
        seen.see(chunk)
    return seen.response


@pytest.mark.parametrize("shape", [dict, as_object])
def test_a_stream_tells_what_the_whole_response_would(shape: Any) -> None:
    head = {name: CHAT[name] for name in ("id", "created", "model", "service_tier")}
    chat = [{**head, "choices": [1], "usage": None}, {**head, "choices": [], "usage": CHAT["usage"]}]
    response = [
        {"type": "response.created", "response": {**RESPONSE, "usage": None}},
        {"type": "response.output_text.delta", "item_id": "i", "delta": "x"},
        {"type": "response.completed", "response": RESPONSE},
    ]
    started = MESSAGE["usage"] | {"output_tokens": 1}
    message = [
        {"type": "message_start", "message": MESSAGE | {"usage": started}},
        {"type": "content_block_delta", "index": 0},
        {"type": "message_delta", "delta": {}, "usage": {"output_tokens": 300}},
        {"type": "message_stop"},
    ]

    for chunks, whole in ((chat, CHAT), (response, RESPONSE), (message, MESSAGE)):
        assert read_call(told_by(map(shape, chunks)), None) == read_call(whole, None)
    assert told_by([{"id": "x", "model": "m"}])["usage"] is None
