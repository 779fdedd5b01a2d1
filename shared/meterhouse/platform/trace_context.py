"""The trace that a request belongs to, in W3C's words (`traceparent`): kept beside what it causes, never changed.

No SDK of tracing is imported: it would cost more than the request (ADR 0053). https://www.w3.org/TR/trace-context/
"""

import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar

HEADER = "traceparent"
_ATTRIBUTE_IN_BINARY_MODE = "ce-traceparent"
_FORM = re.compile(r"(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(?:-.*)?", re.ASCII)
_IN_AN_EVENT = re.compile(rb'"traceparent"\s*:\s*"([0-9a-f-]{55})"')
_XRAY = re.compile(r"Root=1-([0-9a-f]{8})-([0-9a-f]{24});Parent=([0-9a-f]{16})(?:;Sampled=([01]))?")
_LOOKED_THROUGH = 65_536
"""Bytes of a body: the first event that carries the attribute stands for a request."""
_current: ContextVar[str | None] = ContextVar("traceparent", default=None)


def trace_id(traceparent: str | None) -> str | None:
    """The trace a `traceparent` names; None where it is none, and is to be treated as if it were not there."""
    found = _FORM.fullmatch(traceparent or "")
    return found[1] if found else None


def of_request(headers: Mapping[str, str], body: bytes = b"") -> str | None:
    """From the header, the extension of a CloudEvent, or X-Ray's variable, in this order."""
    for name in (HEADER, _ATTRIBUTE_IN_BINARY_MODE):
        if trace_id(headers.get(name)):
            return headers[name]
    in_event = _IN_AN_EVENT.search(body, 0, _LOOKED_THROUGH)
    if in_event and trace_id(in_event[1].decode()):
        return in_event[1].decode()
    return of_xray(os.environ.get("_X_AMZN_TRACE_ID", ""))


def of_xray(variable: str) -> str | None:
    """X-Ray's ids are W3C's in other clothes."""
    found = _XRAY.search(variable)
    return f"00-{found[1]}{found[2]}-{found[3]}-0{found[4] or 0}" if found else None


def current() -> str | None:
    return _current.get()


@contextmanager
def traced(traceparent: str | None) -> Iterator[None]:
    """What is done inside belongs to that trace."""
    token = _current.set(traceparent)
    try:
        yield
    finally:
        _current.reset(token)
