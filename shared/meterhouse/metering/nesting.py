"""How deep JSON is nested: what ingest accepts must be readable by every reader after it, whatever its stack."""

import re
from collections.abc import Sequence

from msgspec import Raw
from msgspec.json import Decoder

from meterhouse.metering.cloud_event import CheckedEvent

DEEPEST = 128
"""Levels of objects and arrays in one event, the event itself among them."""
_MEMBERS = Decoder(list[Raw])
_STRING = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"', re.DOTALL)
_PARENTHESES = bytes.maketrans(b"[]{}", b"()()")
_ALL_ELSE = bytes(set(range(256)) - set(b"[]{}"))


def are_shallow(body: bytes, events: Sequence[CheckedEvent]) -> bool:
    """Whether none of a request's events is nested too deep."""
    if len(body) <= 2 * DEEPEST or not may_be_deep(body, len(events)):
        return True
    # an event's data is one level by itself: plain events in any number leave no bracket to nest with
    if not may_be_deep(body, len(events) + sum(event.data is not None for event in events)):
        return True
    return not any(map(is_deep, _MEMBERS.decode(body) if body.lstrip()[:1] == b"[" else [body]))


def may_be_deep(body: bytes, count: int) -> bool:
    """Whether a body has brackets enough, `count` events taken off, for one of them to be nested too deep."""
    return _openings(body) - count >= DEEPEST - 1


def is_deep(json: bytes | Raw, levels: int = DEEPEST) -> bool:
    """Whether sound JSON is nested in more levels."""
    text = bytes(json)
    if _openings(text) <= levels:
        return False
    brackets = _STRING.sub(b"", text).translate(_PARENTHESES, _ALL_ELSE)
    for _ in range(levels):
        brackets = brackets.replace(b"()", b"")
        if not brackets:
            return False
    return True


def _openings(json: bytes) -> int:
    # `replace` leaps from one to the next, while `count` walks byte by byte and takes twice as long
    return 2 * len(json) - len(json.replace(b"{", b"")) - len(json.replace(b"[", b""))
