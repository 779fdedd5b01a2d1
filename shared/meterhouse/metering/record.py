"""The Kafka record of one ingest request: zstd over JSON, keyed by namespace."""

from datetime import datetime
from typing import Literal

import zstandard
from msgspec import DecodeError, Raw, Struct
from msgspec.json import Decoder, Encoder

from meterhouse.metering.cloud_event import CloudEvent, are_sound, is_object, may_hold_nul

LARGEST_RECORD = 4 * 1024 * 1024
"""What the topic takes of one compressed record; `platform.topics` creates it so."""
LARGEST_INFLATED = 64 * 1024 * 1024


class Record(Struct, rename="camel"):
    """`ingested_at` is also the time of events that gave none: fixed here, so that a redelivery has the same."""

    v: Literal[1]
    namespace: str
    ingested_at: datetime
    events: list[CloudEvent]


class _Writing(Struct, rename="camel"):
    """A record as it is written: `events` are the bytes of the request."""

    v: Literal[1]
    namespace: str
    ingested_at: datetime
    events: Raw


class Poison(ValueError):  # noqa: N818 - named for what it is
    """A record that no retry will make readable."""


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
        record = _DECODER.decode(inflated)
    except (zstandard.ZstdError, DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Poison(f"not readable: {error}") from error
    if not record.events or not record.namespace:
        raise Poison("holds no events of a namespace")
    if not (
        are_sound(record.events, may_hold_nul=may_hold_nul(inflated))
        and all(is_object(event.data) for event in record.events)
    ):
        raise Poison("holds an event that ingest would refuse")
    return record
