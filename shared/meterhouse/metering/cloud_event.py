"""CloudEvents on the wire, in JSON.

The format: https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/formats/json-format.md
"""

from datetime import UTC, datetime
from typing import Annotated, Literal

from msgspec import Meta, Raw, Struct

EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
LATEST = datetime(2100, 1, 1, tzinfo=UTC)
"""Times are in [EARLIEST, LATEST): what the usage store's hours can hold, and nobody's slip of the pen."""
LONGEST_TEXT = 1024

Text = Annotated[str, Meta(min_length=1, max_length=LONGEST_TEXT)]
Instant = Annotated[datetime, Meta(tz=True)]


class CloudEvent(Struct, omit_defaults=True, gc=False):
    """One event on the wire; `data` stays the JSON text it came as. Extension attributes are passed over."""

    id: Text
    source: Text
    type: Text
    subject: Text
    specversion: Literal["1.0"] = "1.0"
    time: Instant | None = None
    datacontenttype: Literal["application/json"] | None = None
    dataschema: Text | None = None
    data: Raw = Raw(b"null")
    data_base64: None = None


_NUL = "\0"
_DATA = frozenset(b"{n")
"""How an object and null begin."""


def are_sound(events: list[CloudEvent], *, may_hold_nul: bool) -> bool:
    """What the types cannot say: data is an object, the time lies within the years we keep, no attribute holds NUL."""
    for event in events:
        if not is_object(event.data) or (event.time is not None and not is_kept(event.time)):
            return False
    return not (may_hold_nul and any(_NUL in text for event in events for text in _texts(event)))


def is_object(data: Raw) -> bool:
    """Whether this sound JSON is an object or null."""
    return memoryview(data)[0] in _DATA


def is_kept(time: datetime) -> bool:
    # comparing instants of different zones costs ten times the comparison of years
    return EARLIEST.year < time.year < LATEST.year - 1 or EARLIEST <= time < LATEST


def _texts(event: CloudEvent) -> tuple[str, ...]:
    return event.id, event.source, event.type, event.subject, event.dataschema or ""
