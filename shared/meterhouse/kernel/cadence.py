"""Repeating periods of the calendar, in UTC and always from the anchor, so that the 31st never drifts."""

from __future__ import annotations

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import MAXYEAR, MINYEAR, UTC, datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import TYPE_CHECKING

from meterhouse.kernel.errors import InvalidInput
from meterhouse.kernel.instant import utc
from meterhouse.kernel.period import Period

if TYPE_CHECKING:
    from collections.abc import Iterator


class CadenceUnit(StrEnum):
    HOUR = "HOUR"
    DAY = "DAY"
    WEEK = "WEEK"
    MONTH = "MONTH"
    YEAR = "YEAR"


_HOURS = {CadenceUnit.HOUR: 1, CadenceUnit.DAY: 24, CadenceUnit.WEEK: 168}
_DAYS = {CadenceUnit.DAY: 1, CadenceUnit.WEEK: 7}
_MONTHS = {CadenceUnit.MONTH: 1, CadenceUnit.YEAR: 12}
_PREFIXES = {unit: "PT" if unit is CadenceUnit.HOUR else "P" for unit in CadenceUnit}
_UNITS = {(_PREFIXES[unit], unit.value[0]): unit for unit in CadenceUnit}
_MEMORY = 4096
_ISO = re.compile(r"(PT?)([1-9]\d{0,6})([HDWMY])", re.ASCII)
_CENTURY = datetime(2000, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)
OUT_OF_CALENDAR = "a date outside the years 1 to 9999 was reached"


@dataclass(frozen=True, slots=True)
class Cadence:
    """`count` (1 or more) calendar units: how often something repeats, or how long it lasts."""

    count: int
    unit: CadenceUnit

    def __post_init__(self) -> None:
        if self.count < 1:
            raise ValueError(f"a cadence counts at least one unit, not {self.count}")

    @classmethod
    @lru_cache(_MEMORY)
    def parse(cls, text: str) -> Cadence:
        """Read an ISO 8601 duration of one unit: P1M, P2W, P365D, PT8H; "P12M" stays twelve months.

        `ValueError` for anything else: mixed units, minutes, fractions, zero.
        """
        match = _ISO.fullmatch(text)
        unit = match and _UNITS.get((match[1], match[3]))
        if not match or not unit:
            raise ValueError(f"{text!r} is not a duration of whole hours, days, weeks, months or years")
        return cls(int(match[2]), unit)

    def iso(self) -> str:
        return f"{_PREFIXES[self.unit]}{self.count}{self.unit.value[0]}"


def occurrence(anchor: datetime, cadence: Cadence, n: int) -> datetime:
    """Return `anchor` + `n` cadences in UTC; `n` may be negative.

    A day that the month lacks becomes its last day, for that occurrence only: 31 Jan, 28 Feb, 31 Mar.
    `InvalidInput` outside the years 1 to 9999.
    """
    count = n * cadence.count
    try:
        if cadence.unit in _MONTHS:
            return _add_months(utc(anchor), count * _MONTHS[cadence.unit])
        return utc(anchor) + timedelta(hours=count * _HOURS[cadence.unit])
    except OverflowError:
        raise InvalidInput(OUT_OF_CALENDAR) from None


def add(at: datetime, cadence: Cadence, n: int = 1) -> datetime:
    """Return the instant `n` lengths of `cadence` after `at`: `occurrence`, said of a duration."""
    return occurrence(at, cadence, n)


def exceeds_a_century(cadence: Cadence) -> bool:
    """Whether it is longer than what anybody plans: a period of thousands of years ends beyond the calendar."""
    start, end = _CENTURY
    try:
        return add(start, cadence) > end
    except InvalidInput:
        return True


def index_at(anchor: datetime, cadence: Cadence, at: datetime) -> int:
    """Return the `n` of the cadence period that contains `at`: 0 is the one that starts at `anchor`."""
    if cadence.unit not in _MONTHS:
        return (utc(at) - utc(anchor)) // timedelta(hours=cadence.count * _HOURS[cadence.unit])
    months = _month_number(utc(at)) - _month_number(utc(anchor))
    n = months // (cadence.count * _MONTHS[cadence.unit])
    # an occurrence later in the month of `at` than `at` itself is the only way to be off, and by one
    return n - 1 if occurrence(anchor, cadence, n) > at else n


def period_at(anchor: datetime, cadence: Cadence, at: datetime) -> Period:
    """Return the cadence period that contains `at`; `at` on a boundary belongs to the period it starts."""
    return _period(anchor, cadence, index_at(anchor, cadence, at))


def periods_between(anchor: datetime, cadence: Cadence, start: datetime, end: datetime) -> Iterator[Period]:
    """Yield the whole cadence periods that share an instant with [`start`, `end`), in order."""
    if start >= end:
        return
    n = index_at(anchor, cadence, start)
    while True:
        period = _period(anchor, cadence, n)
        yield period
        if period.end >= end:
            return
        n += 1


def divides(larger: Cadence, smaller: Cadence) -> bool:
    """Whether every `larger` period is a whole number of `smaller` ones, wherever in the calendar it lies.

    Months are a whole number of days but of no longer step; a calendar day lasts 23 to 25 hours where people
    live, so a step of several hours divides no days.
    """
    if smaller.unit is CadenceUnit.HOUR:
        return smaller.count == 1 or _is_multiple(larger, smaller, {CadenceUnit.HOUR: 1})
    if smaller.unit in _MONTHS:
        return _is_multiple(larger, smaller, _MONTHS)
    if larger.unit in _MONTHS:
        return smaller == Cadence(1, CadenceUnit.DAY)
    return _is_multiple(larger, smaller, _DAYS)


def _is_multiple(larger: Cadence, smaller: Cadence, sizes: dict[CadenceUnit, int]) -> bool:
    if larger.unit not in sizes:
        return False
    return larger.count * sizes[larger.unit] % (smaller.count * sizes[smaller.unit]) == 0


@lru_cache(_MEMORY)
def _period(anchor: datetime, cadence: Cadence, n: int) -> Period:
    # of a subscription the same few are asked for again and again
    return Period(occurrence(anchor, cadence, n), occurrence(anchor, cadence, n + 1))


def _month_number(at: datetime) -> int:
    return at.year * 12 + at.month - 1


def _add_months(at: datetime, months: int) -> datetime:
    year, month = divmod(_month_number(at) + months, 12)
    if not MINYEAR <= year <= MAXYEAR:
        raise OverflowError(OUT_OF_CALENDAR)
    return at.replace(year=year, month=month + 1, day=min(at.day, monthrange(year, month + 1)[1]))
