"""Instants as they are typed: RFC 3339, or a date alone for the midnight it begins with."""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from meterhouse.cli.errors import Misused
from meterhouse.kernel.instant import format_rfc3339, parse_rfc3339


def read_instant(option: str, text: str | None, zone: str | None = None) -> str | None:
    """The instant in UTC, RFC 3339; a date is a day of `zone`, by default of UTC.

    Raises:
        Misused: it is neither, or there is no such zone.
    """
    if text is None:
        return None
    try:
        return format_rfc3339(parse_rfc3339(text))
    except ValueError:
        pass
    try:
        day = date.fromisoformat(text)
        midnight = datetime(day.year, day.month, day.day, tzinfo=_zone(zone or "UTC"))
        return format_rfc3339(midnight)
    except ValueError:
        raise Misused(
            f"{option} {text!r} is neither a date nor an RFC 3339 instant like 2026-01-31T00:00:00Z"
        ) from None


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise Misused(f"there is no time zone {name!r}") from None
