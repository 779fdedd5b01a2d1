"""Headers of the caller's own on a webhook: none may take the place of ours, or make another request of it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from meterhouse.kernel.errors import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

MOST = 50
LONGEST = 4096
MOST_TOGETHER = 8 * 1024
"""Characters of all names and values: receivers take little more, and a secret holds 64 KB of what is escaped twice."""
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,128}")
_VALUE = re.compile(rf"[\t -~]{{0,{LONGEST}}}")
# what frames the request, what only goes to the next hop, what says who calls for whom
_TAKEN = frozenset(
    (
        "accept-encoding",
        "connection",
        "content-encoding",
        "content-length",
        "content-type",
        "date",
        "expect",
        "forwarded",
        "host",
        "http2-settings",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "user-agent",
        "via",
    )
)
_TAKEN_PREFIXES = ("webhook-", "proxy-", "sec-", "x-forwarded-", "x-amz-")


def header_problems(headers: Mapping[str, str], pointer: str) -> Iterator[Problem]:
    """Every fault of custom headers, by pointer: `pointer` leads to them."""
    if len(headers) > MOST:
        yield Problem(pointer, "too_many_headers", f"at most {MOST} headers")
    if sum(len(name) + len(value) for name, value in headers.items()) > MOST_TOGETHER:
        yield Problem(pointer, "headers_too_long", f"at most {MOST_TOGETHER} characters together")
    seen = set[str]()
    for name, value in headers.items():
        field = f"{pointer}/{name.replace('~', '~0').replace('/', '~1')}"
        folded = name.lower()
        if not _NAME.fullmatch(name):
            yield Problem(field, "header_name", "no name of a header")
        elif folded in _TAKEN or folded.startswith(_TAKEN_PREFIXES):
            yield Problem(field, "header_reserved", f"{name} is set by Meterhouse, or by the way of the request")
        elif folded in seen:
            yield Problem(field, "header_twice", f"{name} is given twice, in another case")
        if not _VALUE.fullmatch(value) or value != value.strip():
            message = f"visible ASCII, at most {LONGEST} characters, no space at either end"
            yield Problem(field, "header_value", message)
        seen.add(folded)
