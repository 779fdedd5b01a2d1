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


NUL = b"\\u0000"
"""How JSON writes a NUL."""
_DATA = frozenset(b"{n")
"""How an object and null begin."""
_FIRST_YEAR, _LAST_YEAR = EARLIEST.year, LATEST.year - 1
"""Between them the zone is of no matter; comparing instants of different zones costs ten times as much."""


def are_sound(events: Sequence[Attributes], *, may_hold_nul: bool) -> bool:
    """What the types cannot say: the time lies within the years we keep, no attribute holds NUL."""
    for event in events:
        # the calls are written out here: a batch's decode is not much slower than this loop
        time = event.time
        if time is not None and not _FIRST_YEAR < time.year < _LAST_YEAR and not is_kept(time):
            return False
    return not (may_hold_nul and any("\0" in text for event in events for text in _texts(event)))


def is_object(data: Raw) -> bool:
    """Whether this sound JSON is an object or null."""
    return memoryview(data)[0] in _DATA


def is_kept(time: datetime) -> bool:
    return EARLIEST <= time < LATEST


def _texts(event: Attributes) -> tuple[str, ...]:
    return event.id, event.source, event.type, event.subject, event.dataschema or ""
