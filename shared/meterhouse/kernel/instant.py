from __future__ import annotations

import re
from datetime import UTC, datetime

_RFC3339 = re.compile(
    r"(\d{4}-\d\d-\d\dT(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d)(?:\.(\d+))?(Z|[+-](?:[01]\d|2[0-3]):[0-5]\d)",
    re.ASCII | re.IGNORECASE,
)


def utc(value: datetime) -> datetime:
    """Return the same instant in UTC; `ValueError` for a naive value or one outside the years 1..9999."""
    if value.tzinfo is UTC:
        return value
    if value.utcoffset() is None:
        raise ValueError(f"{value.isoformat()} has no time zone")
    try:
        return value.astimezone(UTC)
    except OverflowError:
        raise ValueError(f"{value.isoformat()} is outside the years 1 to 9999 in UTC") from None


def parse_rfc3339(text: str) -> datetime:
    """Read an RFC 3339 date-time with its offset into UTC.

    Microseconds are kept and finer digits cut off. `ValueError` for anything else, a leap second included:
    `datetime` has none.
    """
    match = _RFC3339.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is not an RFC 3339 date-time with a time zone")
    seconds, fraction, offset = match.groups(default="")
    return utc(datetime.fromisoformat(f"{seconds}.{fraction[:6]:0<6}{offset}".upper()))


def format_rfc3339(at: datetime) -> str:
    """Write an instant in UTC, as in "2013-01-01T00:00:00Z"; a fraction only when there is one, unpadded."""
    text = utc(at).replace(tzinfo=None).isoformat()
    return (text.rstrip("0") if at.microsecond else text) + "Z"
