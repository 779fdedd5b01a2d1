"""What an endpoint's refusal says: RFC 9457 problem details, or whatever else came in their place."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus

from meterhouse.client.json_text import read_json

_LONGEST_EXCERPT = 200


@dataclass(frozen=True, slots=True)
class FieldFault:
    """One fault in what was sent; `field` is an RFC 6901 pointer, or `query:<name>`; "" means the whole."""

    field: str
    message: str

    def __str__(self) -> str:
        return f"{self.field}: {self.message}" if self.field else self.message


@dataclass(frozen=True, slots=True)
class Refusal:
    """A status past 299, and what was told about it."""

    status: int
    title: str
    detail: str = ""
    faults: tuple[FieldFault, ...] = ()

    def __str__(self) -> str:
        head = f"{self.status} {self.title}" + (f": {self.detail}" if self.detail else "")
        return "\n".join([head, *(f"  {fault}" for fault in self.faults)])


def read_refusal(status: int, body: str) -> Refusal:
    """The refusal in an answer's body; an excerpt of the body where it is no problem document."""
    try:
        document = read_json(body)
    except ValueError:
        document = None
    if not isinstance(document, dict) or "title" not in document:
        return Refusal(status, _phrase(status), _excerpt(body))
    extensions = document.get("extensions")
    faults = read_faults(extensions.get("validationErrors") if isinstance(extensions, dict) else None)
    return Refusal(status, str(document["title"]), str(document.get("detail", "")), tuple(faults))


def read_faults(listed: object) -> list[FieldFault]:
    """The faults in a list of them; none where it is no list."""
    return [
        FieldFault(str(fault.get("field", "")), str(fault.get("message", "")))
        for fault in (listed if isinstance(listed, list) else ())
        if isinstance(fault, dict)
    ]


def _excerpt(body: str) -> str:
    text = " ".join(body.split())
    return text if len(text) <= _LONGEST_EXCERPT else text[:_LONGEST_EXCERPT] + "…"


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "unknown status"
