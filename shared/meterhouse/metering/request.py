"""The body of an ingest request: its content type, encoding and size."""

import binascii
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from meterhouse.kernel.errors import InvalidInput, Problem, TooLarge, UnsupportedMedia
from meterhouse.metering.binary_event import compose, is_binary
from meterhouse.metering.faults import Shape

_SHAPES = {
    "application/cloudevents+json": Shape.ONE,
    "application/cloudevents-batch+json": Shape.BATCH,
    "application/json": Shape.EITHER,
}
_GZIP_WRAPPER = 31
_MOST_MEMBERS = 1_000
"""Each costs a copy of what follows it."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Maxima of a request. A Lambda takes 6 MB in all, which base64 leaves 4.5 MB of."""

    events: int = 10_000
    body_bytes: int = 4_500_000
    inflated_bytes: int = 32 * 1024 * 1024


def read_body(event: Mapping[str, Any], limits: Limits) -> tuple[bytes, Shape]:
    """The body of an HTTP API event (payload 2.0), decoded and inflated, and what its content type lets it be.

    An event in binary mode is the body it would be in JSON.

    Raises:
        UnsupportedMedia: content type, charset or content encoding are not read here.
        TooLarge: more bytes than the limits allow.
        InvalidInput: no base64, or no gzip, where that was announced; any fault of an event in binary mode.
    """
    headers = {name.lower(): value for name, value in (event.get("headers") or {}).items()}
    # data without a type is JSON; that a CloudEvents media type wins over the headers is the binding's rule
    shape = _shape(headers.get("content-type") or ("application/json" if is_binary(headers) else ""))
    body = _content(event, headers, limits)
    if shape is Shape.EITHER and is_binary(headers):
        return compose(headers, body), Shape.ONE
    return body, shape


def _shape(content_type: str) -> Shape:
    if plain := _SHAPES.get(content_type):
        return plain
    media_type, *parameters = (part.strip().lower() for part in content_type.split(";"))
    charsets = [value.strip('" ') for name, _, value in (p.partition("=") for p in parameters) if name == "charset"]
    if media_type not in _SHAPES or any(charset not in {"utf-8", "utf8"} for charset in charsets):
        raise UnsupportedMedia(f"the content type must be one of {', '.join(_SHAPES)}, in UTF-8")
    return _SHAPES[media_type]


def _content(event: Mapping[str, Any], headers: Mapping[str, str], limits: Limits) -> bytes:
    body = _raw(event)
    if len(body) > limits.body_bytes:
        raise TooLarge(f"at most {limits.body_bytes} bytes in a request")
    encoding = headers.get("content-encoding", "").strip().lower()
    if encoding in {"", "identity"}:
        return body
    if encoding in {"gzip", "x-gzip"}:
        return _inflated(body, limits.inflated_bytes)
    raise UnsupportedMedia(f"content encoding {encoding!r} is not read here; gzip is")


def _raw(event: Mapping[str, Any]) -> bytes:
    body: str = event.get("body") or ""
    if not event.get("isBase64Encoded"):
        return body.encode("utf-8", "surrogatepass")
    try:
        return binascii.a2b_base64(body, strict_mode=True)
    except ValueError:
        raise InvalidInput("the body is no base64", [Problem("", "base64", "no base64")]) from None


def _inflated(body: bytes, most: int) -> bytes:
    """The members of a gzip body, one after the other, never holding more than `most` bytes."""
    inflated, rest = bytearray(), body
    try:
        for _ in range(_MOST_MEMBERS):
            if not rest:
                return bytes(inflated)
            member = zlib.decompressobj(_GZIP_WRAPPER)
            inflated += member.decompress(rest, most - len(inflated) + 1)
            if len(inflated) > most:
                raise TooLarge(f"at most {most} bytes when inflated")
            if not member.eof:
                raise InvalidInput("the gzip body is cut short", [Problem("", "gzip", "cut short")])
            rest = member.unused_data
    except zlib.error:
        raise InvalidInput("the body is no gzip", [Problem("", "gzip", "no gzip")]) from None
    raise TooLarge(f"fewer than {_MOST_MEMBERS} gzip members in a request")
