"""How deep JSON is nested, against counting it the slow way."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from msgspec.json import Decoder

from meterhouse.metering.cloud_event import CheckedEvent
from meterhouse.metering.nesting import DEEPEST, are_shallow, is_deep

EVENT = {"id": "1", "source": "s", "type": "t", "subject": "u"}
TEXTS = st.text() | st.sampled_from(["[[", "}", '"', "\\", '\\"{', "{}"])
VALUES = st.recursive(
    st.integers() | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=20,
)


def levels(value: object) -> int:
    if isinstance(value, dict):
        return 1 + max(map(levels, value.values()), default=0)
    return 1 + max(map(levels, value), default=0) if isinstance(value, list) else 0


def chain(length: int, inner: object) -> object:
    """A value inside as many brackets of both kinds, each with a neighbour."""
    for level in range(length):
        inner = [1, inner, {}] if level % 2 else {"a": {}, "b": inner, "]": "["}
    return inner


@given(VALUES, st.integers(1, 8))
def test_nesting_is_counted_in_brackets_outside_of_texts(value: object, most: int) -> None:
    for text in (json.dumps(value), json.dumps(value, ensure_ascii=False, indent=1)):
        assert is_deep(text.encode(), most) == (levels(value) > most)


EVENTS = st.builds(
    lambda depth, inner, name: EVENT | {name: {"x": chain(depth, inner)}} if depth else EVENT,
    st.just(0) | st.integers(DEEPEST - 5, DEEPEST + 2),
    VALUES,
    st.sampled_from(["data", "extension"]),
)


@given(st.lists(EVENTS, min_size=1, max_size=6), st.integers(0, 200))
def test_an_event_too_deep_is_found_among_any_number_of_plain_ones(events: list[dict[str, Any]], plain: int) -> None:
    events = [EVENT | {"data": {"a": 1}}] * plain + events
    body = json.dumps(events).encode()
    assert are_shallow(body, Decoder(list[CheckedEvent]).decode(body)) == (max(map(levels, events)) <= DEEPEST)
