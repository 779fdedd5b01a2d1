"""Requests with one odd thing each: in the path, the query, the body, or as the body."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlencode

from tests.integration.odd import ODD, odd_forms
from tests.integration.outside.operations import Furnished, Operation

_DATES = ["0000-01-01T00:00:00Z", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "10000-01-01T00:00:00Z"]
_TEXTS = ["", " ", "\0", "x" * 3000, "%", "\U0001f600", "e\u0301", "null", "..", "a/b", "'; --", "{}", "[]", "[" * 2000]
_NUMBERS = ["0", "-1", "1.5", "1e400", "NaN", "Infinity", "9" * 40, str(2**31), str(2**63), "0x10", "\u0661"]
_INSIDE = [*ODD, "\0", "x" * 70_000, "NaN", "-0", "1e-400", "9" * 400, 2**63, -(2**63), 1e-300, "USD ", *_DATES]
_INSIDE += [
    ["a"] * 10_000,
    {"a": {"b": {"c": {}}}},
    "İ",
    "e\u0301",
    "P1M1M",
    "01HZ0000000000000000000000",
    " ",
    "/",
    "*",
]
_AS_BODY = [
    b"",
    b"null",
    b"[]",
    b"1",
    b'"x"',
    b"{",
    b"\xff\xfe",
    b"NaN",
    b"1e400",
    b"[" * 100_000,
    b'{"a":' * 1000 + b"1" + b"}" * 1000,
    b"\xef\xbb\xbf{}",
    b'{"name":"a","name":1}',
]
_MEDIA_TYPES = [
    "text/plain",
    "application/xml",
    "multipart/form-data",
    "application/json; charset=latin-1",
    "x",
    "a/b/c",
]
_JSON = "application/json"


@dataclass(frozen=True)
class Oddity:
    """A request but for its method; `path` and `query` as they are sent."""

    path: str
    query: str = ""
    content: bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


def oddities(operation: Operation, furnished: Furnished) -> Iterator[Oddity]:
    """All there are for an operation."""
    known = {name: quote(value, safe="") for name, value in furnished.path_parameters(operation).items()}
    path = operation.path.format(**known)
    good = furnished.good_body(operation)
    body = None if not operation.body else json.dumps({} if good is None else good).encode()
    headers = {} if body is None else {"content-type": _JSON}
    for name in known:
        for text in (*_TEXTS, *_NUMBERS):
            if text not in {"", ".."}:  # no segment: an address without it is another
                yield Oddity(operation.path.format(**known | {name: quote(text, safe="")}), "", body, headers)
    yield from (Oddity(path, query, body, headers) for query in _queries(operation))
    if body is not None:
        yield from (Oddity(path, "", content, headers) for content in _bodies(good))
        yield from (Oddity(path, "", body, {"content-type": media_type}) for media_type in _MEDIA_TYPES)


def _queries(operation: Operation) -> Iterator[str]:
    for parameter in operation.query:
        name = parameter.name
        for text in (*_TEXTS, *_NUMBERS, *_DATES, "\ud800"):
            yield f"{quote(name)}={quote(text, errors='surrogatepass')}"
        yield urlencode([(name, "1"), (name, "2")])
        yield urlencode([(name, str(number)) for number in range(1000)])
        yield from (f"{quote(name)}{shape}=1" for shape in ("[]", "[a]", "[a][b]", "[eq]", "[$and]", "["))


def _bodies(good: Any) -> Iterator[bytes]:
    yield from _AS_BODY
    if good is not None:
        yield from (json.dumps(form).encode() for _, form in odd_forms(good, _INSIDE))
