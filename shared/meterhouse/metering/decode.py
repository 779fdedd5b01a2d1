"""Request bodies into usage events, strictly.

The lot is decoded typed in one go; only when that fails are the faults searched for one by one.
"""

from collections.abc import Sequence
from threading import Lock
from types import GenericAlias

from msgspec import DecodeError, Raw, Struct, ValidationError, defstruct
from msgspec.json import Decoder

from meterhouse.metering.cloud_event import CheckedEvent, are_sound, may_hold_nul
from meterhouse.metering.faults import Shape, refusal
from meterhouse.metering.nesting import are_shallow


class CheckedBody(Struct, frozen=True, gc=False):
    """A JSON array of sound events, in the bytes that came, and how many it holds."""

    events: Raw
    count: int


def check_events(body: bytes, shape: Shape, most: int) -> CheckedBody:
    """The events of a request body, which may be none. Of an attribute given twice the last counts.

    Raises:
        InvalidInput: any fault in any event; all are listed, each by its JSON pointer.
        TooLarge: more than `most` events.
    """
    events: Sequence[CheckedEvent] = ()
    try:
        if not body.isascii():
            body.decode()
        is_batch = body.lstrip()[:1] == b"["
        events, is_all = _typed_events(body) if is_batch else ([_ONE.decode(body)], True)
        if (
            is_all
            and shape.fits(is_batch=is_batch)
            and len(events) <= most
            and are_sound(events, may_hold_nul=may_hold_nul(body))
            and are_shallow(body, events)
        ):
            return CheckedBody(Raw(body if is_batch else b"[" + body + b"]"), len(events))
    except (UnicodeDecodeError, DecodeError, RecursionError):
        pass
    raise refusal(body, shape, most, events)


_kept: list[CheckedEvent] = []
_keeping = Lock()


_KEPT_EVENT = defstruct("KeptEvent", (), bases=(CheckedEvent,), namespace={"__post_init__": _kept.append}, gc=False)
"""msgspec drops what it decoded before a fault; kept, one bad event of many costs no second look at the others."""
_ONE = Decoder(CheckedEvent)
_BATCH: Decoder[list[CheckedEvent]] = Decoder(GenericAlias(list, _KEPT_EVENT))


def _typed_events(body: bytes) -> tuple[Sequence[CheckedEvent], bool]:
    """The events of an array up to the first whose types are wrong, and whether these are all.

    Raises:
        DecodeError, RecursionError: no event was wrong so far, but the body is no JSON.
    """
    with _keeping:
        try:
            return _BATCH.decode(body), True
        except ValidationError:
            return [*_kept], False
        finally:
            _kept.clear()
