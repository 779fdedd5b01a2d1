"""The body of an ingest request: its content type, encoding and size."""

import binascii
import zlib
from base64 import b64decode
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from meterhouse.kernel.errors import InvalidInput, Problem, TooLarge, UnsupportedMedia
from meterhouse.metering.faults import Shape

_SHAPES = {
    "application/cloudevents+json": Shape.ONE,
    "application/cloudevents-batch+json": Shape.BATCH,
    "application/json": Shape.EITHER,
}
_GZIP_WRAPPER = 31


@dataclass(frozen=True, slots=True)
class Limits:
    """Maxima of a request. A Lambda takes 6 MB in all, which base64 leaves 4.5 MB of."""

    events: int = 10_000
    body_bytes: int = 4_500_000
    inflated_bytes: int = 32 * 1024 * 1024


def read_body(event: Mapping[str, Any], limits: Limits) -> tuple[bytes, Shape]:
    """The body of an HTTP API event (payload 2.0), decoded and inflated, and what its content type lets it be.

    Raises:
        UnsupportedMedia: content type, charset or content encoding are not read here.
        TooLarge: more bytes than the limits allow.
        InvalidInput: no base64, or no gzip, where that was announced.
    """
    headers = {name.lower(): value for name, value in (event.get("headers") or {}).items()}
    shape = _shape(headers.get("content-type", ""))
    body = _raw(event)
    if len(body) > limits.body_bytes:
        raise TooLarge(f"at most {limits.body_bytes} bytes in a request")
    encoding = headers.get("content-encoding", "identity").strip().lower()
    if encoding in {"gzip", "x-gzip"}:
        return _inflated(body, limits.inflated_bytes), shape
    if encoding not in {"identity", ""}:
        raise UnsupportedMedia(f"content encoding {encoding!r} is not read here; gzip is")
    return body, shape


def _shape(content_type: str) -> Shape:
    media_type, *parameters = (part.strip().lower() for part in content_type.split(";"))
    charsets = [value.strip('" ') for name, _, value in (p.partition("=") for p in parameters) if name == "charset"]
    if media_type not in _SHAPES or any(charset not in {"utf-8", "utf8"} for charset in charsets):
        raise UnsupportedMedia(f"the content type must be one of {', '.join(_SHAPES)}, in UTF-8")
    return _SHAPES[media_type]


def _raw(event: Mapping[str, Any]) -> bytes:
    body: str = event.get("body") or ""
    if not event.get("isBase64Encoded"):
        return body.encode("utf-8", "surrogatepass")
    try:
        return b64decode(body, validate=True)
    except (binascii.Error, ValueError):
        raise InvalidInput("the body is no base64", [Problem("", "base64", "no base64")]) from None


def _inflated(body: bytes, most: int) -> bytes:
    """The members of a gzip body, one after the other, never holding more than `most` bytes."""
    inflated, rest = b"", body
    try:
        while rest:
            member = zlib.decompressobj(_GZIP_WRAPPER)
            inflated += member.decompress(rest, most - len(inflated) + 1)
            if len(inflated) > most:
                raise TooLarge(f"at most {most} bytes when inflated")
            if not member.eof:
                raise InvalidInput("the gzip body is cut short", [Problem("", "gzip", "cut short")])
            rest = member.unused_data
    except zlib.error:
        raise InvalidInput("the body is no gzip", [Problem("", "gzip", "no gzip")]) from None
    return inflated
