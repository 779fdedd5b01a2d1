"""The Kafka record of one ingest request: zstd over JSON, keyed by namespace."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Literal

import zstandard
from msgspec import DecodeError, Raw, Struct
from msgspec.json import Decoder, Encoder

from meterhouse.metering.cloud_event import OBJECT_OR_NULL, CloudEvent, Instant, are_sound, is_kept, may_hold_nul
from meterhouse.metering.nesting import DEEPEST, is_deep, may_be_deep
from meterhouse.metering.written import POSITION_BITS

LARGEST_INFLATED = 64 * 1024 * 1024
MOST_EVENTS = (1 << POSITION_BITS) - 1


class Record(Struct, rename="camel"):
    """`ingested_at` is also the time of events that gave none: fixed here, so that a redelivery has the same."""

    v: Literal[1]
    namespace: str
    ingested_at: Instant
    events: list[CloudEvent]


class _Writing(Struct, rename="camel"):
    """A record as it is written: `events` are the bytes of the request."""

    v: Literal[1]
    namespace: str
    ingested_at: datetime
    events: Raw


class Poison(ValueError):  # noqa: N818 - named for what it is
    """A record that no retry will make readable."""


_PROBED_AT = datetime(2026, 1, 1, tzinfo=UTC)
_DECODER = Decoder(Record)
_ENCODER = Encoder()
_COMPRESSOR = zstandard.ZstdCompressor(level=1)
_DECOMPRESSOR = zstandard.ZstdDecompressor(max_window_size=LARGEST_INFLATED)


def encode_json(namespace: str, events: Raw, ingested_at: datetime) -> bytes:
    return _ENCODER.encode(_Writing(1, namespace, ingested_at, events))


def encode_record(namespace: str, events: Raw, ingested_at: datetime) -> bytes:
    """The record of a request, whose `events` are a JSON array that was checked."""
    return _COMPRESSOR.compress(encode_json(namespace, events, ingested_at))


def decode_record(value: bytes) -> Record:
    """The request in a record.

    Raises:
        Poison: it is none of ours.
    """
    try:
        size = zstandard.frame_content_size(value)
        if not 0 < size <= LARGEST_INFLATED:
            raise Poison(f"inflates to {size} bytes")
        inflated = _DECOMPRESSOR.decompress(value)
        if not inflated.isascii():
            # data stays as it came, and is decoded nowhere else before it is stored
            inflated.decode()
        record = _DECODER.decode(inflated)
    except (zstandard.ZstdError, DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Poison(f"not readable: {error}") from error
    if not record.events or not record.namespace or "\0" in record.namespace:
        raise Poison("holds no events of a namespace")
    if len(record.events) > MOST_EVENTS:
        raise Poison(f"holds more than {MOST_EVENTS} events")
    if not is_kept(record.ingested_at):
        raise Poison("was accepted outside the years we keep")
    if not _would_be_accepted(record.events, inflated):
        raise Poison("holds an event that ingest would refuse")
    return record


def can_decode() -> bool:
    """Whether a sound record is read as one: if not, it is not the records that are at fault."""
    event = b'[{"id":"1","source":"s","type":"t","subject":"s","time":"2026-01-01T00:00:00Z","data":{"a":1}}]'
    try:
        return len(decode_record(encode_record("probe", Raw(event), _PROBED_AT)).events) == 1
    except Exception:  # noqa: BLE001 - whatever is broken
        return False


def _would_be_accepted(events: Sequence[CloudEvent], json: bytes) -> bool:
    """What ingest asks of events beside their types, `json` being the record they stand in."""
    begin = bytes(memoryview(event.data)[0] for event in events)
    # an event is one level by itself, and so is data that is not null
    may_hold_deep = may_be_deep(json, len(events) + begin.count(b"{"))
    return (
        not begin.translate(None, OBJECT_OR_NULL)
        and are_sound(events, may_hold_nul=may_hold_nul(json))
        and not (may_hold_deep and any(is_deep(event.data, DEEPEST - 1) for event in events))
    )
