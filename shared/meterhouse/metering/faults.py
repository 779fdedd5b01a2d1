"""What is wrong with a body of events: every fault of every event, for the one refusal of the request."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import Enum
from functools import cache
from typing import Any, Literal

from msgspec import DecodeError, Raw, ValidationError, defstruct
from msgspec.json import Decoder

from meterhouse.kernel.errors import InvalidInput, Problem, TooLarge
from meterhouse.metering.cloud_event import (
    CheckedEvent,
    Instant,
    Text,
    holds_nul,
    is_kept,
    is_object,
    may_hold_nul,
    untimely,
)
from meterhouse.metering.nesting import DEEPEST, is_deep, may_be_deep


class Shape(Enum):
    """What a content type lets a body be."""

    ONE = "an event"
    BATCH = "an array of events"
    EITHER = "an event or an array of events"

    def fits(self, *, is_batch: bool) -> bool:
        return self is Shape.EITHER or (self is Shape.BATCH) is is_batch


_EVENT = Decoder(CheckedEvent)
_ILL_TYPED = CheckedEvent("", "", "", "")
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
_SAID = {
    "specversion": "must be 1.0",
    "datacontenttype": "must be application/json",
    "data_base64": "data must be JSON, not base64",
}
"""Said in our words: msgspec's would carry the sender's text, however long."""
_LONGEST_NAME = 20
_MOST_LISTED = 10_000
"""A Lambda's answer has at most 6 MB."""


def refusal(body: bytes, shape: Shape, most: int, known: Sequence[CheckedEvent]) -> InvalidInput | TooLarge:
    """Why the body is refused; the caller knows that it is, and its first events, whose types are right."""
    is_batch = body.lstrip()[:1] == b"["
    is_too_large = is_batch and _has_more_parts(body, most)
    parts = [] if is_too_large else json_parts(body, is_batch=is_batch)
    if isinstance(parts, InvalidInput):
        return parts
    if not shape.fits(is_batch=is_batch) or not (is_batch or body.lstrip()[:1] == b"{"):
        return _whole("shape", f"the body must be {shape.value}")
    if is_too_large:
        return TooLarge(f"at most {most} events in a request")
    return refused(
        [
            problem
            for index in _suspects(body, parts, known)
            for problem in faults(parts[index], f"/{index}" if is_batch else "")
        ]
    )


def refused(problems: list[Problem]) -> InvalidInput:
    listed = f"; the first {_MOST_LISTED} are listed" if len(problems) > _MOST_LISTED else ""
    message = f"{len(problems)} fault(s) in the events; none was accepted{listed}"
    return InvalidInput(message, problems[:_MOST_LISTED])


def _has_more_parts(body: bytes, most: int) -> bool:
    """Whether an array has more members; the rest of them is not read, for millions of `1` would take a gigabyte."""
    if body.count(b",") < most:
        return False
    try:
        _few_parts(most).decode(body)
    except ValidationError:
        return True
    except (DecodeError, RecursionError):
        pass
    return False


@cache
def _few_parts(most: int) -> Decoder[Any]:
    parts = [(f"part_{number}", Raw, Raw()) for number in range(most)]
    return Decoder(defstruct("FewParts", parts, array_like=True, forbid_unknown_fields=True, gc=False))


def json_parts(body: bytes, *, is_batch: bool) -> list[Raw] | InvalidInput:
    """The members of an array, or the whole as one; else what keeps the body from being JSON."""
    try:
        if not body.isascii():
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


def _suspects(body: bytes, parts: Sequence[Raw], known: Sequence[CheckedEvent]) -> list[int]:
    """Which events to look at attribute by attribute: one bad among many must not cost a look at each."""
    suspects, events, decode = set[int](), [*known], _EVENT.decode
    for index, part in enumerate(parts[len(known) :], len(known)):
        try:
            events.append(decode(part))
        except ValidationError:
            events.append(_ILL_TYPED)
            suspects.add(index)
    suspects.update(untimely(events))
    if may_hold_nul(body):
        suspects.update(index for index, event in enumerate(events) if holds_nul(event))
    if may_be_deep(body, len(parts)):
        suspects.update(index for index, part in enumerate(parts) if is_deep(part))
    return sorted(suspects)


def faults(event: Raw, pointer: str) -> list[Problem]:
    """Every fault of an event that is known to have one."""
    try:
        fields = _FIELDS.decode(event)
    except ValidationError:
        return [Problem(pointer, "type", "an event must be an object")]
    found = attribute_faults(fields)
    if not found:
        return [Problem(pointer, "duplicate", "an attribute is given twice, and once wrongly")]
    return [Problem(f"{pointer}/{_token(name)}", *fault) for name, fault in found.items()]


def _token(name: str) -> str:
    """A name in a JSON pointer; an extension's may be of any length, and is cut."""
    return name[:_LONGEST_NAME].replace("~", "~0").replace("/", "~1")


def attribute_faults(fields: Mapping[str, Raw]) -> dict[str, tuple[str, str]]:
    """Code and message of what is wrong with each attribute, missing ones first."""
    found = {name: ("missing", "this attribute is required") for name in _REQUIRED if name not in fields}
    found |= {name: fault for name, value in fields.items() if (fault := _fault(name, value)) is not None}
    return found


def _fault(name: str, value: Raw) -> tuple[str, str] | None:
    """Code and message of what is wrong with an attribute's value, or None."""
    if name == "data" and not is_object(value):
        return "type", "data must be a JSON object"
    if name not in _BY_FIELD:
        return ("too_deep", f"an event has at most {DEEPEST} levels") if is_deep(value, DEEPEST - 1) else None
    try:
        read = _BY_FIELD[name].decode(value)
    except ValidationError as error:
        return "invalid", _SAID.get(name) or str(error)
    if isinstance(read, datetime) and not is_kept(read):
        return "time_range", "the year must be from 1970 to 2099"
    if isinstance(read, str) and "\0" in read:
        return "nul", "NUL is not allowed"
    return None
