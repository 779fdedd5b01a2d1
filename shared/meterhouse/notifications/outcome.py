"""What came of an attempt to send a message. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from http import HTTPStatus

_MOST_KEPT = 1024
_DELTA = 10
"""Digits of a Retry-After in seconds: three hundred years."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """One attempt.

    Attributes:
        fault: why it failed, a sentence without secrets; "": the receiver took the message.
        took: how long the receiver took.
        status: of its answer; None: there was none.
        body: the beginning of its answer.
        url: which was asked; "" where it is a secret.
        retry_after: for how long the receiver wants to be left alone.
    """

    fault: str
    took: timedelta
    status: int | None = None
    body: str = ""
    url: str = ""
    retry_after: timedelta | None = None

    @property
    def succeeded(self) -> bool:
        return not self.fault

    @property
    def gone(self) -> bool:
        """Whether the receiver wants no more messages, ever."""
        return self.status == HTTPStatus.GONE


def answered(
    status: int, body: bytes, *, took: timedelta, url: str = "", retry_after: timedelta | None = None
) -> Outcome:
    """The outcome of an answer: a 2xx says the message was taken, all others that it was not."""
    taken = HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES
    is_redirect = HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.BAD_REQUEST
    fault = "" if taken else f"answered {status}" + (", and no redirect is followed" if is_redirect else "")
    return Outcome(fault, took, status, kept(body), url, None if taken else retry_after)


def kept(body: bytes) -> str:
    """What is kept of an answer: its beginning, as text that a store takes."""
    return body[:_MOST_KEPT].decode(errors="replace").replace("\0", "\ufffd")


def retry_after(value: str | None, at: datetime) -> timedelta | None:
    """What a `Retry-After` asks for at `at`: seconds or a date; None where it cannot be read or asks for nothing."""
    text = (value or "").strip()
    if text.isascii() and text.isdigit():
        wait = timedelta(seconds=int(text[:_DELTA]))
    else:
        try:
            until = parsedate_to_datetime(text)
        except (ValueError, TypeError, OverflowError):
            return None
        if until.tzinfo is None:
            return None
        wait = until - at
    return wait if wait > timedelta() else None
