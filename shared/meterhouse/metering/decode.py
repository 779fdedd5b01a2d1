"""Request bodies into usage events, strictly.

The lot is decoded typed in one go; only when that fails are the faults searched for one by one.
"""

from dataclasses import dataclass

from msgspec import DecodeError, Raw
from msgspec.json import Decoder

from meterhouse.metering.cloud_event import NUL, CheckedEvent, are_sound
from meterhouse.metering.faults import Shape, refusal

_ONE = Decoder(CheckedEvent)
_BATCH = Decoder(list[CheckedEvent])


@dataclass(frozen=True, slots=True)
class CheckedBody:
    """A JSON array of sound events, in the bytes that came, and how many it holds."""

    events: Raw
    count: int


def check_events(body: bytes, shape: Shape, most: int) -> CheckedBody:
    """The events of a request body, at least one.

    Raises:
        InvalidInput: any fault in any event; all are listed, each by its JSON pointer.
        TooLarge: more than `most` events.
    """
    try:
        if not body.isascii():
            body.decode()
        may_hold_nul = NUL in body
        is_batch = body.lstrip()[:1] == b"["
        events = _BATCH.decode(body) if is_batch else [_ONE.decode(body)]
        if shape.fits(is_batch=is_batch) and 0 < len(events) <= most and are_sound(events, may_hold_nul=may_hold_nul):
            return CheckedBody(Raw(body if is_batch else b"[%b]" % body), len(events))
    except (UnicodeDecodeError, DecodeError, RecursionError):
        pass
    raise refusal(body, shape, most)
