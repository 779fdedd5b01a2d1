"""What stands in a file: lines that are, or become, usage events."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from meterhouse.client.problem import FieldFault

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from meterhouse.client.problem import Refusal

_ID_DIGITS = 32
# Files whose names repeat, as logs that are rotated, hold equal lines that are different events.
_TWINS = (
    "neither id nor time: an equal line of another file would be taken for the same event; bring one of them, or "
    "name this file as no other with --source before a line of it is sent"
)
_POINTER = re.compile(r"/(\d+)(/.*)?", re.ASCII | re.DOTALL)


@dataclass(frozen=True, slots=True)
class LineFault:
    """Why a line is no usage event; lines count from 1."""

    line: int
    field: str
    message: str

    def __str__(self) -> str:
        return f"line {self.line}: {FieldFault(self.field, self.message)}"


class RowFault(Exception):  # noqa: N818 - a fault of the row, not of ours
    """A row or a line cannot become an event; `field` is the pointer of what it was to fill."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


@dataclass(frozen=True, slots=True)
class Record:
    """One event of a file: its first line's number, its bytes there, and the JSON to send or the fault."""

    line: int
    raw: bytes
    event: bytes = b""
    fault: LineFault | None = None
    has_derived_id: bool = False


@dataclass(slots=True)
class Identity:
    """Identities of events that bring none: they repeat when the file is read again, whatever its lines' order.

    The id is the first 32 hex digits of the SHA-256 of the line without its end. A second equal line in the same file
    is another event and gets `-2`, the third `-3`. The source is the one given, else the file's name.
    """

    file: str | None
    given: str | None = None
    _met: dict[int, int] = field(default_factory=dict)

    def lacking(self, event: Mapping[str, object], raw: bytes) -> dict[str, str]:
        """The id and the source that the event of a line does not bring.

        Raises:
            RowFault: nothing would tell it from the event of an equal line elsewhere.
        """
        lacks_id, lacks_source = "id" not in event, "source" not in event
        source = self.given or self.file
        if lacks_source and source is None:
            raise RowFault("/source", "no source, and standard input has no name: give --source")
        if lacks_id and event.get("time") is None and not (lacks_source and self.given):
            raise RowFault("/id", _TWINS)
        return ({"id": self._id_of(raw)} if lacks_id else {}) | ({"source": source or ""} if lacks_source else {})

    def _id_of(self, raw: bytes) -> str:
        digest = hashlib.sha256(raw.rstrip(b"\r\n")).hexdigest()
        # half the digest is enough to tell lines apart, and a false meeting costs no more than a suffix
        key = int(digest[:16], 16)
        self._met[key] = times = self._met.get(key, 0) + 1
        return digest[:_ID_DIGITS] + (f"-{times}" if times > 1 else "")


def line_faults(refusal: Refusal, records: Sequence[Record]) -> list[LineFault]:
    """The faults of a refused batch by the lines of the file; none when one of them names no event."""
    found = []
    for fault in refusal.faults:
        pointer = _POINTER.fullmatch(fault.field)
        if pointer is None or int(pointer[1]) >= len(records):
            return []
        found.append(LineFault(records[int(pointer[1])].line, pointer[2] or "", fault.message))
    return found
