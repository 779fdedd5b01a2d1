"""ULIDs: 48 bits of milliseconds, then 80 bits that tell apart, in 26 characters of Crockford's base 32."""

from __future__ import annotations

import hashlib
import re
import struct
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING

from meterhouse.kernel.instant import utc

if TYPE_CHECKING:
    from collections.abc import Iterable

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_VALUES = {symbol: value for value, symbol in enumerate(_ALPHABET)}
_PATTERN = re.compile(r"[0-7][0-9A-HJKMNP-TV-Za-hjkmnp-tv-z]{25}")
_PAIRS = [first + second for first in _ALPHABET for second in _ALPHABET]
_TIME_LENGTH = 10
_TIME_SHIFTS = range(5 * (_TIME_LENGTH - 2), -1, -10)
_REMEMBERED_TIMES = 1024
_REMEMBERED_OWNERS = 1024
_PLACE = slice(2, 7)
"""Of the time of a ULID: half minutes, over 34 years."""
_RANDOMNESS_BYTES = 10
_WORDS = struct.Struct(">QH")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


def new_ulid(at: datetime, randomness: bytes) -> str:
    """Return the ULID of `at` (aware, 1970 or later) with ten bytes of randomness drawn by the caller."""
    if len(randomness) != _RANDOMNESS_BYTES:
        raise ValueError(f"a ULID takes {_RANDOMNESS_BYTES} bytes of randomness, not {len(randomness)}")
    if utc(at) < _EPOCH:
        raise ValueError("a ULID cannot hold an instant before 1970")
    return _time(at) + _tail(randomness)


def derived_ulid(at: datetime, *parts: str, beside: str | None = None) -> str:
    """Return the one ULID of a business key, so that a repeat meets its first writing.

    `parts` alone tell keys apart; `at` must be a fact of the same key (a period's start, say), not the clock.
    `beside`, another such fact, is the id of whom the key belongs to: ids of one instant lie in an index in the order
    of their owners, told apart by 55 bits instead of 80. What is no ULID has no place.
    """
    tail = _tail(_digest(parts)[:_RANDOMNESS_BYTES])
    place = "" if beside is None else _place(beside)
    return _time(at) + place + tail[len(place) :]


def is_ulid(text: str) -> bool:
    """Whether `text` has the contract's form of a ULID; lower case counts, as Crockford's decoding allows."""
    return _PATTERN.fullmatch(text) is not None


def ulid_time(text: str) -> datetime:
    """Return the instant inside a ULID; `ValueError` for another text or an instant past the year 9999."""
    if not is_ulid(text):
        raise ValueError(f"{text!r} is not a ULID")
    milliseconds = 0
    for symbol in text[:_TIME_LENGTH].upper():
        milliseconds = milliseconds << 5 | _VALUES[symbol]
    try:
        return _EPOCH + milliseconds * _MILLISECOND
    except OverflowError:
        raise ValueError(f"{text!r} holds an instant past the year 9999") from None


def _digest(parts: Iterable[str]) -> bytes:
    digest = hashlib.sha256()
    for part in parts:
        # JSON may carry a lone surrogate; it must still have an id
        encoded = part.encode("utf-8", "surrogatepass")
        # the length first: ("ab", "c") and ("a", "bc") are different keys
        digest.update(len(encoded).to_bytes(8, "big") + encoded)
    return digest.digest()


@lru_cache(_REMEMBERED_OWNERS)  # ids are derived owner by owner
def _place(owner: str) -> str:
    return owner[_PLACE].upper() if is_ulid(owner) else ""


@lru_cache(_REMEMBERED_TIMES)  # ids of a batch are derived of few instants
def _time(at: datetime) -> str:
    # business time may lie before 1970, which a ULID cannot say; identity rests on the parts
    milliseconds = max(0, (utc(at) - _EPOCH) // _MILLISECOND)
    return "".join([_PAIRS[milliseconds >> shift & 1023] for shift in _TIME_SHIFTS])


def _tail(randomness: bytes) -> str:
    # written out, and in numbers of one word: an invoice run derives a dozen ids for each invoice
    words: tuple[int, int] = _WORDS.unpack(randomness)
    high, low = words
    return (
        _PAIRS[high >> 54]
        + _PAIRS[high >> 44 & 1023]
        + _PAIRS[high >> 34 & 1023]
        + _PAIRS[high >> 24 & 1023]
        + _PAIRS[high >> 14 & 1023]
        + _PAIRS[high >> 4 & 1023]
        + _PAIRS[(high & 15) << 6 | low >> 10]
        + _PAIRS[low & 1023]
    )
