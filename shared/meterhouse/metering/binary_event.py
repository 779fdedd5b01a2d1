"""One event in binary mode: its attributes in `ce-` headers, its data the body.

The binding: https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/http-protocol-binding.md
"""

import re
from collections.abc import Mapping

from msgspec import Raw
from msgspec.json import Encoder

from meterhouse.kernel.errors import InvalidInput, Problem
from meterhouse.metering.faults import attribute_faults, json_parts, refused

ATTRIBUTES = ("specversion", "id", "source", "type", "subject", "time", "dataschema")
"""What comes in headers; a gateway joins the values of a repeated one by commas."""
_HEADERS = frozenset(f"ce-{name}" for name in ATTRIBUTES)
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*+)"')
_ESCAPED = re.compile(r"\\(.)")
_ENCODED = re.compile(rb"%([0-9A-Fa-f]{2})")
_STRAY_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")
_ENCODER = Encoder()


def is_binary(headers: Mapping[str, str]) -> bool:
    """Whether headers, by names in lower case, hold an attribute of an event."""
    return not _HEADERS.isdisjoint(headers)


def compose(headers: Mapping[str, str], body: bytes) -> bytes:
    """The event in JSON, its data in the bytes that came. Other `ce-` headers are extensions and passed over.

    Raises:
        InvalidInput: any fault; all are listed, each by its header, those of data by "".
    """
    fields, found = _attributes(headers)
    if headers.get("content-type"):
        fields["datacontenttype"] = Raw(b'"application/json"')
    if "ce-datacontenttype" in headers:
        found["datacontenttype"] = "forbidden", "the content-type header says it"
    problems: list[Problem] = []
    if body.strip():
        data = json_parts(body, is_batch=False)
        if isinstance(data, InvalidInput):
            problems += data.problems
        else:
            fields["data"] = data[0]
    found = attribute_faults(fields) | found
    problems += [Problem("" if name == "data" else f"header:ce-{name}", *fault) for name, fault in found.items()]
    if problems:
        raise refused(problems)
    return _ENCODER.encode(fields)


def _attributes(headers: Mapping[str, str]) -> tuple[dict[str, Raw], dict[str, tuple[str, str]]]:
    """The attributes in JSON, and what is wrong with those that cannot be read."""
    fields, found = {}, {}
    for name in ATTRIBUTES:
        value = headers.get(f"ce-{name}")
        if value is not None:
            try:
                fields[name] = Raw(_ENCODER.encode(_decoded(value)))
            except ValueError as error:
                found[name] = "encoding", str(error)
    return fields, found


def _decoded(value: str) -> str:
    """A header's value without quotes, then percent-decoded once.

    Raises:
        ValueError: it is not encoded as the binding says; with the reason.
    """
    if not (value.isascii() and value.isprintable()):
        raise ValueError("what is not printable ASCII must be percent-encoded")
    if '"' in _QUOTED.sub("", value):
        raise ValueError("a quote is not closed")
    text = _QUOTED.sub(lambda quoted: _ESCAPED.sub(r"\1", quoted[1]), value.strip())
    if _STRAY_PERCENT.search(text):
        raise ValueError("a percent sign must be percent-encoded")
    try:
        return _ENCODED.sub(lambda byte: bytes.fromhex(byte[1].decode()), text.encode()).decode()
    except UnicodeDecodeError:
        raise ValueError("what is percent-encoded is not UTF-8") from None
