"""Dead letters on the wire."""

from base64 import b64encode, urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from meterhouse.metering.cursor import unknown_cursor
from meterhouse.metering.dead_letters import DeadLetter, LetterPlace, OpenedLetter
from meterhouse.metering.preview import preview
from meterhouse.platform.wire import Instant, Wire

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_GREATEST = 1 << 63


class DeadLetterWire(Wire):
    """A dead letter; `topic`, `partition` and `offset` say where its record stood, `bytes` how large its value is."""

    id: str
    topic: str
    partition: int
    offset: int
    reason: str
    dead_at: Instant
    bytes: int
    replayed_at: Instant | None = None


class OpenedLetterWire(DeadLetterWire):
    """A dead letter with its record's value, and as much of it as can be read."""

    record_base64: str
    preview: str


class DeadLetterPage(Wire):
    items: list[DeadLetterWire]
    next_cursor: str | None = None


def letter_page(letters: Sequence[DeadLetter], limit: int) -> DeadLetterPage:
    following = _encode_cursor(letters[-1]) if len(letters) == limit else None
    return DeadLetterPage(items=[DeadLetterWire(**_letter(one)) for one in letters], next_cursor=following)


def opened_wire(opened: OpenedLetter) -> OpenedLetterWire:
    value = opened.record.value or b""
    encoded = b64encode(value).decode()
    return OpenedLetterWire(**_letter(opened.letter), record_base64=encoded, preview=preview(value))


def decode_cursor(text: str | None) -> LetterPlace | None:
    """The place a cursor stands for; `InvalidInput` when it is none of ours."""
    if text is None:
        return None
    try:
        dead_ms, partition, offset = map(int, urlsafe_b64decode(text.encode()).decode().split(":"))
        place = LetterPlace(_EPOCH + dead_ms * _MILLISECOND, partition, offset)
    except (ValueError, OverflowError):
        raise unknown_cursor() from None
    if not (0 <= partition < _GREATEST and 0 <= offset < _GREATEST):
        raise unknown_cursor()
    return place


def _encode_cursor(letter: DeadLetter) -> str:
    dead_ms = (letter.dead_at - _EPOCH) // _MILLISECOND
    return urlsafe_b64encode(f"{dead_ms}:{letter.letter_partition}:{letter.letter_offset}".encode()).decode()


def _letter(letter: DeadLetter) -> dict[str, Any]:
    return {name: getattr(letter, name) for name in DeadLetterWire.model_fields}
