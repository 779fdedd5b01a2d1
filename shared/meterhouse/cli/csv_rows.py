"""Files of one event a row, with a header; a row may span lines."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

from meterhouse.cli.errors import Misused
from meterhouse.cli.record import LineFault, Record, RowFault
from meterhouse.client.json_text import write_json

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from meterhouse.cli.mapping import RowMapping
    from meterhouse.cli.record import Identity

_BOM = "\ufeff"


class _Tape:
    """Feeds lines to the CSV reader and keeps those of the row it is at."""

    def __init__(self, lines: Iterable[bytes]) -> None:
        self._lines = iter(lines)
        self.first, self.last = 1, 0
        self.raw = b""

    def __iter__(self) -> Iterator[str]:
        for line in self._lines:
            self.last += 1
            self.raw += line
            # what is not UTF-8 is told of its row, not of the file
            text = line.decode("utf-8", "surrogateescape")
            yield text.removeprefix(_BOM) if self.last == 1 else text

    def cut(self) -> tuple[int, bytes]:
        """Number of the first line, and all bytes, of what was read since the last cut."""
        number, raw = self.first, self.raw
        self.first, self.raw = self.last + 1, b""
        return number, raw


def csv_records(
    lines: Iterable[bytes],
    mapping: RowMapping,
    identity: Identity,
    delimiter: str = ",",
    on_header: Callable[[bytes], None] = lambda _: None,
) -> Iterator[Record]:
    """The records of the rows after the header, whose bytes are passed to `on_header`.

    Raises:
        Misused: no header, a column twice, or one the mapping asks for and the header lacks.
    """
    tape = _Tape(lines)
    rows = csv.reader(tape, delimiter=delimiter, strict=True)
    header = _header(rows, mapping)
    on_header(tape.cut()[1])
    while True:
        cells: list[str] | None = None
        message = ""
        try:
            cells = next(rows)
        except StopIteration:
            return
        except csv.Error as error:
            message = f"no valid CSV: {error}"
        number, raw = tape.cut()
        if cells is None:
            yield Record(number, raw, fault=LineFault(number, "", message))
        elif cells:
            yield _record(number, raw, cells, header, mapping, identity)


def _header(rows: Iterator[list[str]], mapping: RowMapping) -> list[str]:
    try:
        header = next(rows)
    except (StopIteration, csv.Error):
        raise Misused("the file has no header: its first line must name the columns") from None
    if repeated := next((name for name in header if header.count(name) > 1), None):
        raise Misused(f"the header names the column {repeated} twice")
    mapping.check(header)
    return header


def _record(
    number: int, raw: bytes, cells: list[str], header: list[str], mapping: RowMapping, identity: Identity
) -> Record:
    try:
        raw.decode()
        event = mapping.event(_row(cells, header))
        lacking = identity.lacking(event, raw)
    except UnicodeDecodeError:
        return Record(number, raw, fault=LineFault(number, "", "the row is not UTF-8"))
    except RowFault as fault:
        return Record(number, raw, fault=LineFault(number, fault.field, str(fault)))
    return Record(number, raw, event=write_json(event | lacking).encode(), has_derived_id="id" in lacking)


def _row(cells: list[str], header: list[str]) -> dict[str, str]:
    if len(cells) != len(header):
        raise RowFault("", f"the row has {len(cells)} cells, the header {len(header)}")
    return dict(zip(header, cells, strict=True))
