"""What stands in a file: lines that are, or become, usage events."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from meterhouse.cli.problem import FieldFault

if TYPE_CHECKING:
    from collections.abc import Sequence

    from meterhouse.cli.problem import Refusal

_ID_DIGITS = 32
_POINTER = re.compile(r"/(\d+)(/.*)?", re.ASCII | re.DOTALL)


@dataclass(frozen=True, slots=True)
class LineFault:
    """Why a line is no usage event; lines count from 1."""

    line: int
    field: str
    message: str

    def __str__(self) -> str:
        return f"line {self.line}: {FieldFault(self.field, self.message)}"


@dataclass(frozen=True, slots=True)
class Record:
    """One event of a file: its first line's number, its bytes there, and the JSON to send or the fault."""

    line: int
    raw: bytes
    event: bytes = b""
    fault: LineFault | None = None


@dataclass(slots=True)
class Identity:
    """Identities of events that bring none: they repeat when the file is read again, whatever its lines' order.

    The id is the first 32 hex digits of the SHA-256 of the line without its end. A second equal line in the same file
    is another event and gets `-2`, the third `-3`. The source is the file's name.
    """

    source: str | None
    _met: dict[int, int] = field(default_factory=dict)

    def id_of(self, raw: bytes) -> str:
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
