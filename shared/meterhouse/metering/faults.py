"""What is wrong with a body of events: every fault of every event, for the one refusal of the request."""

from collections.abc import Iterator
from datetime import datetime
from enum import Enum
from typing import Literal

from msgspec import DecodeError, Raw, ValidationError
from msgspec.json import Decoder

from meterhouse.kernel.errors import InvalidInput, Problem, TooLarge
from meterhouse.metering.cloud_event import NUL, CheckedEvent, Instant, Text, are_sound, is_kept, is_object


class Shape(Enum):
    """What a content type lets a body be."""

    ONE = "an event"
    BATCH = "an array of events"
    EITHER = "an event or an array of events"

    def fits(self, *, is_batch: bool) -> bool:
        return self is Shape.EITHER or (self is Shape.BATCH) is is_batch


_EVENT = Decoder(CheckedEvent)
_PARTS = Decoder(list[Raw])
_WHOLE = Decoder(Raw)
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


def refusal(body: bytes, shape: Shape, most: int) -> InvalidInput | TooLarge:
    """Why the body is refused; the caller knows that it is."""
    is_batch = body.lstrip()[:1] == b"["
    parts = _parts(body, is_batch=is_batch)
    if isinstance(parts, InvalidInput):
        return parts
    if not shape.fits(is_batch=is_batch) or not (is_batch or body.lstrip()[:1] == b"{"):
        return _whole("shape", f"the body must be {shape.value}")
    if not 0 < len(parts) <= most:
        return TooLarge(f"at most {most} events in a request") if parts else _whole("empty", "the array holds no event")
    problems = [
        problem
        for index in _suspects(parts, may_hold_nul=NUL in body)
        for problem in _faults(parts[index], f"/{index}" if is_batch else "")
    ]
    return InvalidInput(f"{len(problems)} fault(s) in the events; none was accepted", problems)


def _parts(body: bytes, *, is_batch: bool) -> list[Raw] | InvalidInput:
    """The members of an array, or the whole as one; else what keeps the body from being JSON."""
    try:
        body.decode()
        return _PARTS.decode(body) if is_batch else [_WHOLE.decode(body)]
    except UnicodeDecodeError:
        return _whole("utf8", "the body is not UTF-8")
    except RecursionError:
        return _whole("too_deep", "the JSON is nested too deep")
    except DecodeError as error:
        return _whole("json", f"no valid JSON: {error}" if body.strip() else "the body is empty")


def _whole(code: str, message: str) -> InvalidInput:
    return InvalidInput(message, [Problem("", code, message)])


def _suspects(parts: list[Raw], *, may_hold_nul: bool) -> list[int]:
    """Which events to look at attribute by attribute."""
    suspects, typed = [], []
    decode = _EVENT.decode
    for index, part in enumerate(parts):
        try:
            typed.append(decode(part))
        except ValidationError:
            suspects.append(index)
    # a fault that the types cannot say may be in any event
    return suspects if are_sound(typed, may_hold_nul=may_hold_nul) else list(range(len(parts)))


def _faults(event: Raw, pointer: str) -> Iterator[Problem]:
    try:
        fields = _FIELDS.decode(event)
    except ValidationError:
        yield Problem(pointer, "type", "an event must be an object")
        return
    for name in _REQUIRED:
        if name not in fields:
            yield Problem(f"{pointer}/{name}", "missing", "this attribute is required")
    for name, value in fields.items():
        fault = _fault(name, value)
        if fault is not None:
            yield Problem(f"{pointer}/{name}", *fault)


def _fault(name: str, value: Raw) -> tuple[str, str] | None:
    """Code and message of what is wrong with an attribute's value, or None."""
    if name == "data":
        return None if is_object(value) else ("type", "data must be a JSON object")
    if name not in _BY_FIELD:
        return None
    try:
        read = _BY_FIELD[name].decode(value)
    except ValidationError as error:
        return ("data_base64", "data must be JSON, not base64") if name == "data_base64" else ("invalid", str(error))
    if isinstance(read, datetime) and not is_kept(read):
        return "time_range", "the year must be from 1970 to 2099"
    if isinstance(read, str) and "\0" in read:
        return "nul", "NUL is not allowed"
    return None
