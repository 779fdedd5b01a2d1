"""How often what runs by the clock runs."""

from __future__ import annotations

import re
from typing import Literal

Pace = Literal["minute", "hour"]
_OFTEN = re.compile(r"rate\(\d+ minutes?\)|cron\(\d+/\d+ \* .*")
HOURLY = "cron(5 * * * ? *)"
"""At the pace of hours all that asks PostgreSQL comes at once, so that it may pause for the rest of the hour."""


def paced(expression: str, pace: Pace) -> str:
    """A schedule as it is at this pace: what comes more often than hourly comes hourly."""
    return HOURLY if pace == "hour" and _OFTEN.fullmatch(expression) else expression
