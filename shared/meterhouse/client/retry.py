"""How long to wait before a request is tried again."""

from __future__ import annotations

from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

FIRST_WAIT = 0.2
LONGEST_WAIT = 20.0
LONGEST_ASKED = 300.0
NOT_DONE = frozenset({HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE})
"""Answers of a server that did nothing."""
MAYBE_DONE = frozenset({HTTPStatus.INTERNAL_SERVER_ERROR, HTTPStatus.BAD_GATEWAY, HTTPStatus.GATEWAY_TIMEOUT})
"""Answers of a gateway that lost its server, or that had none to ask whose key it is (500): only what may be repeated
is sent again."""


def is_retried(status: int, *, repeatable: bool) -> bool:
    return status in NOT_DONE or (repeatable and status in MAYBE_DONE)


def wait_seconds(attempt: int, headers: Mapping[str, str]) -> float:
    """Seconds after the failed try number `attempt`, which counts from 0: doubling, and never less than was asked for.

    Args:
        attempt: how many tries failed before this one.
        headers: of the answer, names in lower case; empty where none came.
    """
    doubled = min(LONGEST_WAIT, FIRST_WAIT * 2.0 ** min(attempt, 16))
    return max(doubled, min(LONGEST_ASKED, _asked(headers)))


def _asked(headers: Mapping[str, str]) -> float:
    """Seconds that Retry-After names; a date counts from the answer's own, so no clock of ours matters."""
    text = headers.get("retry-after", "").strip()
    if text.isascii() and text.isdigit():
        return float(text[:9])
    try:
        waited = parsedate_to_datetime(text) - parsedate_to_datetime(headers.get("date", ""))
    except (ValueError, TypeError):
        return 0.0
    return float(waited.total_seconds())
