"""Request bodies into usage events, strictly.

The lot is decoded typed in one go; only when that fails are the faults searched for one by one.
"""

from msgspec import DecodeError
from msgspec.json import Decoder

from meterhouse.metering.cloud_event import NUL, CloudEvent, are_sound
from meterhouse.metering.faults import Shape, refusal

_ONE = Decoder(CloudEvent)
_BATCH = Decoder(list[CloudEvent])


def decode_events(body: bytes, shape: Shape, most: int) -> list[CloudEvent]:
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
            return events
    except (UnicodeDecodeError, DecodeError, RecursionError):
        pass
    raise refusal(body, shape, most)
