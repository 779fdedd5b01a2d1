from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from typing import TYPE_CHECKING

from meterhouse.kernel.cadence import OUT_OF_CALENDAR, Cadence, CadenceUnit, add
from meterhouse.kernel.errors import InvalidInput

if TYPE_CHECKING:
    from datetime import datetime

_ISO = re.compile(
    r"P(?=\d|T\d)(?:(\d{1,3})Y)?(?:(\d{1,4})M)?(?:(\d{1,4})W)?(?:(\d{1,5})D)?"
    r"(?:T(?=\d)(?:(\d{1,6})H)?(?:(\d{1,6})M)?(?:(\d{1,6})S)?)?",
    re.ASCII,
)
_MEMORY = 256


@dataclass(frozen=True, slots=True)
class Duration:
    """A delay such as P0D, PT1H, P30D or P1M; unlike a cadence it may be zero and mix units."""

    iso: str

    def __post_init__(self) -> None:
        """Refuse (`ValueError`) what is no ISO 8601 duration of whole, not negative parts."""
        if _ISO.fullmatch(self.iso) is None:
            raise ValueError(f"{self.iso!r} is not an ISO 8601 duration of whole parts")

    def after(self, at: datetime) -> datetime:
        """Return the instant this long after `at`: calendar months first, then the exact rest.

        `InvalidInput` outside the years 1 to 9999.
        """
        months, rest = _parts(self.iso)
        start = add(at, months) if months else at
        try:
            return start + rest
        except OverflowError:
            raise InvalidInput(OUT_OF_CALENDAR) from None


@lru_cache(_MEMORY)
def _parts(iso: str) -> tuple[Cadence | None, timedelta]:
    """Its calendar months, if there are any, and the exact rest: read once, for invoices share a few of them."""
    match = _ISO.fullmatch(iso)
    years, months, weeks, days, hours, minutes, seconds = (int(part or 0) for part in (match.groups() if match else ()))
    count = 12 * years + months
    rest = timedelta(weeks=weeks, days=days, hours=hours, minutes=minutes, seconds=seconds)
    return Cadence(count, CadenceUnit.MONTH) if count else None, rest
