"""CloudEvents in JSON, decoded strictly.

The lot is decoded typed in one go; only when that fails are the faults searched for one by one. The format:
https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/formats/json-format.md
"""

from datetime import UTC, datetime
from enum import Enum
from typing import Annotated, Literal

from msgspec import DecodeError, Meta, Raw, Struct, ValidationError
from msgspec.json import Decoder

from meterhouse.kernel.errors import InvalidInput, Problem, TooLarge

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


class Shape(Enum):
    """What a content type lets a body be."""

    ONE = "an event"
    BATCH = "an array of events"
    EITHER = "an event or an array of events"


_ONE = Decoder(CloudEvent)
_BATCH = Decoder(list[CloudEvent])
_ANYTHING = Decoder()
_PARTS = Decoder(list[Raw])
_FIELDS = Decoder(dict[str, Raw])
_BY_FIELD = {
    "id": Decoder(Text),
    "source": Decoder(Text),
    "type": Decoder(Text),
    "subject": Decoder(Text),
    "specversion": Decoder(Literal["1.0"]),
    "time": Decoder(Instant | None),
    "datacontenttype": Decoder(Literal["application/json"] | None),
    "dataschema": Decoder(Text | None),
    "data_base64": Decoder(None),
}
_REQUIRED = ("id", "source", "type", "subject")
_DATA = frozenset(b"{n")
"""How an object and null begin."""
_NUL = "\\u0000"


def decode_events(body: bytes, shape: Shape, most: int) -> list[CloudEvent]:
    """The events of a request body, at least one.

    Raises:
        InvalidInput: any fault in any event; all are listed, each by its JSON pointer.
        TooLarge: more than `most` events.
    """
    try:
        text = body.decode()
        is_batch = body.lstrip()[:1] == b"["
        events = _BATCH.decode(body) if is_batch else [_ONE.decode(body)]
        if (
            _fits(shape, is_batch=is_batch)
            and 0 < len(events) <= most
            and _are_sound(events, may_hold_nul=_NUL in text)
        ):
            return events
    except (UnicodeDecodeError, DecodeError, RecursionError):
        pass
    raise _refusal(body, shape, most)


def _fits(shape: Shape, *, is_batch: bool) -> bool:
    return shape is Shape.EITHER or (shape is Shape.BATCH) is is_batch


def _are_sound(events: list[CloudEvent], *, may_hold_nul: bool) -> bool:
    """What the types cannot say: data is an object, the time lies within the years we keep, no attribute holds NUL."""
    for event in events:
        if memoryview(event.data)[0] not in _DATA or (event.time is not None and not _is_kept(event.time)):
            return False
    return not (may_hold_nul and any("\0" in text for event in events for text in _texts(event)))


def _is_kept(time: datetime) -> bool:
    # comparing instants of different zones costs ten times the comparison of years
    return EARLIEST.year < time.year < LATEST.year - 1 or EARLIEST <= time < LATEST


def _texts(event: CloudEvent) -> tuple[str, ...]:
    return event.id, event.source, event.type, event.subject, event.dataschema or ""


def _refusal(body: bytes, shape: Shape, most: int) -> InvalidInput | TooLarge:
    parts = _parts(body)
    if isinstance(parts, InvalidInput):
        return parts
    is_batch = body.lstrip()[:1] == b"["
    if bytes(parts[0])[0] not in _EVENT if not is_batch else False:
        return _whole("shape", f"the body must be {shape.value}")
    return InvalidInput("", [])


def _whole(code: str, message: str) -> InvalidInput:
    return InvalidInput(message, [Problem("", code, message)])


def _faults(event: bytes, pointer: str) -> list[Problem]:
    try:
        fields = _FIELDS.decode(event)
    except ValidationError:
        return [Problem(pointer, "type", "an event must be an object")]
    found = [
        Problem(f"{pointer}/{name}", "missing", "this attribute is required")
        for name in _REQUIRED
        if name not in fields
    ]
    for name, raw in fields.items():
        fault = _fault(name, bytes(raw))
        if fault is not None:
            found.append(Problem(f"{pointer}/{name}", *fault))
    return found


def _fault(name: str, value: bytes) -> tuple[str, str] | None:
    """Code and message of what is wrong with an attribute's value, or None."""
    if name == "data":
        return None if value[0] in _DATA else ("type", "data must be a JSON object")
    if name not in _BY_FIELD:
        return None
    try:
        read = _BY_FIELD[name].decode(value)
    except ValidationError as error:
        return ("data_base64", "data must be JSON, not base64") if name == "data_base64" else ("invalid", str(error))
    if isinstance(read, datetime) and not _is_kept(read):
        return "time_range", "the year must be from 1970 to 2099"
    if isinstance(read, str) and "\0" in read:
        return "nul", "NUL is not allowed"
    return None
