"""How long after another instant something is: months of the calendar, then seconds."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from meterhouse.kernel.cadence import Cadence, CadenceUnit, add
from meterhouse.kernel.errors import InvalidInput

_MONTH = Cadence(1, CadenceUnit.MONTH)
_MONTHS = {"Y": 12, "M": 1}
_SECONDS = {"W": 604_800, "D": 86_400, "H": 3600, "M": 60, "S": 1}
_ISO = re.compile(
    r"(?P<sign>[+-]?)P(?=[\dT+-])(?P<date>(?:[+-]?\d{1,6}[YMWD])*)(?:T(?P<time>(?:[+-]?\d{1,6}[HMS])+))?", re.ASCII
)
_PART = re.compile(r"([+-]?\d+)([A-Z])", re.ASCII)


@dataclass(frozen=True, slots=True)
class Offset:
    """Months first, as one sum, so that two from 31 January end on 31 March; then seconds. Either may be negative."""

    months: int = 0
    seconds: int = 0

    @classmethod
    def of(cls, duration: Cadence) -> "Offset":
        return cls.parse(duration.iso())

    @classmethod
    def parse(cls, text: str) -> "Offset":
        """Read an ISO 8601 duration of whole units, with a sign before it or within: P1M, P2M3D, -P1M, P-1M, PT0S.

        `ValueError` for anything else.
        """
        match = _ISO.fullmatch(text)
        if match is None:
            raise ValueError(f"{text!r} is not an ISO 8601 duration")
        dates, times = _PART.findall(match["date"]), _PART.findall(match["time"] or "")
        months = sum(int(count) * _MONTHS[unit] for count, unit in dates if unit in _MONTHS)
        rest = [(count, unit) for count, unit in dates if unit not in _MONTHS] + times
        offset = cls(months, sum(int(count) * _SECONDS[unit] for count, unit in rest))
        return -offset if match["sign"] == "-" else offset

    def iso(self) -> str:
        return f"P{self.months}MT{self.seconds}S"

    def __add__(self, other: "Offset") -> "Offset":
        return Offset(self.months + other.months, self.seconds + other.seconds)

    def __neg__(self) -> "Offset":
        return Offset(-self.months, -self.seconds)

    def __sub__(self, other: "Offset") -> "Offset":
        return self + -other

    def after(self, start: datetime) -> datetime:
        """The instant that is so much later than `start`. Raises `InvalidInput` outside the years 1 to 9999."""
        try:
            return add(start, _MONTH, self.months) + timedelta(seconds=self.seconds)
        except OverflowError:
            raise InvalidInput("a date outside the years 1 to 9999 was reached") from None
