"""Files of one CloudEvent a line. A line travels as it stands; only a missing id or source is put before it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from meterhouse.cli.json_text import read_json, write_json
from meterhouse.cli.record import LineFault, Record

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from meterhouse.cli.record import Identity

_BOM = b"\xef\xbb\xbf"


def json_line_records(lines: Iterable[bytes], identity: Identity) -> Iterator[Record]:
    """The records of the lines that are not blank."""
    for number, line in enumerate(lines, 1):
        raw = line.removeprefix(_BOM) if number == 1 else line
        if not raw.strip():
            continue
        try:
            yield Record(number, raw, event=_event(raw, identity))
        except ValueError as error:
            yield Record(number, raw, fault=LineFault(number, "", _reason(error)))


def _event(raw: bytes, identity: Identity) -> bytes:
    document = read_json(raw.decode())
    if not isinstance(document, dict):
        raise ValueError("the line is no JSON object")  # noqa: TRY004 - a fault of the input
    given: dict[str, str] = {}
    if "id" not in document:
        given["id"] = identity.id_of(raw)
    if "source" not in document:
        if identity.source is None:
            raise ValueError("no source, and standard input has no name: give --source")
        given["source"] = identity.source
    text = raw.strip()
    if not given:
        return text
    return write_json(given)[:-1].encode() + (b"," if document else b"") + text[1:]


def _reason(error: ValueError) -> str:
    return "the line is not UTF-8" if isinstance(error, UnicodeDecodeError) else f"no valid JSON: {error}"
