"""Files of one CloudEvent a line. A line travels as it stands; only a missing id or source is put before it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from meterhouse.cli.record import LineFault, Record, RowFault
from meterhouse.client.json_text import read_json, write_json

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
            event, lacking = _event(raw, identity)
        except RowFault as fault:
            yield Record(number, raw, fault=LineFault(number, fault.field, str(fault)))
        except ValueError as error:
            yield Record(number, raw, fault=LineFault(number, "", _reason(error)))
        else:
            yield Record(number, raw, event=event, has_derived_id="id" in lacking)


def _event(raw: bytes, identity: Identity) -> tuple[bytes, dict[str, str]]:
    """The JSON to send, and what of it the line did not bring."""
    document = read_json(raw.decode())
    if not isinstance(document, dict):
        raise ValueError("the line is no JSON object")  # noqa: TRY004 - a fault of the input
    lacking = identity.lacking(document, raw)
    text = raw.strip()
    if not lacking:
        return text, lacking
    return write_json(lacking)[:-1].encode() + (b"," if document else b"") + text[1:], lacking


def _reason(error: ValueError) -> str:
    return "the line is not UTF-8" if isinstance(error, UnicodeDecodeError) else f"no valid JSON: {error}"
