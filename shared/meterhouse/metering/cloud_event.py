"""CloudEvents on the wire, in JSON.

The format: https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/formats/json-format.md
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Literal

from msgspec import Meta, Raw, Struct

from meterhouse.metering.event import EARLIEST, LATEST

LONGEST_TEXT = 1024

Text = Annotated[str, Meta(min_length=1, max_length=LONGEST_TEXT)]
Instant = Annotated[datetime, Meta(tz=True)]


class Attributes(Struct, gc=False):
    """What a CloudEvent says beside its data. Extension attributes are passed over."""

    id: Text
    source: Text
    type: Text
    subject: Text
    specversion: Literal["1.0"] = "1.0"
    time: Instant | None = None
    datacontenttype: Literal["application/json"] | None = None
    dataschema: Text | None = None
    data_base64: None = None


class AnyObject(Struct, gc=False):
    """A JSON object whose members are passed over: they are sound JSON, and that is all ingest asks of them."""


class CheckedEvent(Attributes, gc=False):
    """An event as ingest decodes it; the request's own bytes travel on."""

    data: AnyObject | None = None


class CloudEvent(Attributes, gc=False):
    """An event as the sink decodes it; `data` stays the JSON text it came as."""

    data: Raw = Raw(b"null")


_NUL = b"\\u0000"
"""How JSON writes a NUL."""
OBJECT_OR_NULL = b"{n"
"""How these begin in sound JSON."""
_FIRST_YEAR, _LAST_YEAR = EARLIEST.year, LATEST.year - 1
"""Between them the zone is of no matter; comparing instants of different zones costs ten times as much."""


def are_sound(events: Sequence[Attributes], *, may_hold_nul: bool) -> bool:
    """What the types cannot say: the time lies within the years we keep, no attribute holds NUL."""
    return not untimely(events) and not (may_hold_nul and any(map(holds_nul, events)))


def untimely(events: Sequence[Attributes]) -> list[int]:
    """Which of the events lie outside the years we keep."""
    # the call is avoided where it can be: a batch's decode is not much slower than this loop
    return [
        index
        for index, event in enumerate(events)
        if (time := event.time) is not None and not _FIRST_YEAR < time.year < _LAST_YEAR and not is_kept(time)
    ]


def may_hold_nul(json: bytes) -> bool:
    # looking for one byte is twenty times as fast, and most bodies escape nothing
    return b"\\" in json and _NUL in json


def holds_nul(event: Attributes) -> bool:
    """Whether an attribute does; in data it is allowed."""
    return any("\0" in text for text in (event.id, event.source, event.type, event.subject, event.dataschema or ""))


def is_object(data: Raw) -> bool:
    """Whether this sound JSON is an object or null."""
    return memoryview(data)[0] in OBJECT_OR_NULL


def is_kept(time: datetime) -> bool:
    return EARLIEST <= time < LATEST
