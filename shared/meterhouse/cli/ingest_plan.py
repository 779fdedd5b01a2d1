"""What the options of an ingest come to: how the file is read, and where its progress and its invalid lines go."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from meterhouse.cli.checkpoint import Checkpoint, Progress
from meterhouse.cli.csv_rows import csv_records
from meterhouse.cli.errors import Misused
from meterhouse.cli.json_lines import json_line_records
from meterhouse.cli.mapping import RowMapping, parse_mapping
from meterhouse.cli.record import Identity
from meterhouse.cli.rejected import RejectedLines, rejected_lines

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from meterhouse.cli.record import Record
    from meterhouse.cli.settings import Settings
    from meterhouse.cli.source_file import SourceFile

CHECKPOINTS = Path(".meterhouse")


class FileFormat(StrEnum):
    JSONL = "jsonl"
    CSV = "csv"


@dataclass(frozen=True, slots=True)
class Reading:
    """How a file's lines become events. Another reading of a file is other work."""

    maps: tuple[str, ...] = ()
    data: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    delimiter: str = ","
    format: FileFormat | None = None
    source: str | None = None

    def of(self, file: SourceFile) -> FileFormat:
        """The format asked for, or the one that name and options tell.

        Raises:
            Misused: a mapping for JSON lines, which need none.
        """
        told = FileFormat.CSV if file.is_csv or self.maps or self.data else FileFormat.JSONL
        chosen = self.format or told
        if chosen is FileFormat.JSONL and (self.maps or self.data or self.missing):
            raise Misused("--map, --data and --missing are for CSV; JSON lines are events already")
        return chosen

    def separator(self) -> str:
        text = self.delimiter.replace("\\t", "\t")
        if len(text) != 1 or text in '"\r\n':
            raise Misused(f"--delimiter {self.delimiter!r} is no single character that can part cells")
        return text


@dataclass(frozen=True, slots=True)
class Plan:
    """One file's ingest, as far as it came before."""

    file: SourceFile
    mapping: RowMapping | None
    """None for JSON lines."""
    separator: str
    source: str | None
    checkpoint: Checkpoint | None
    """None for a stream."""
    progress: Progress
    rejects: RejectedLines | None

    def records(self, lines: Iterable[bytes]) -> Iterator[Record]:
        identity = Identity(self.file.plain_name, self.source)
        if self.mapping is None:
            return json_line_records(lines, identity)
        on_header = self.rejects.start_with if self.rejects is not None else lambda _: None
        return csv_records(lines, self.mapping, identity, self.separator, on_header)


def plan_ingest(
    file: SourceFile, reading: Reading, settings: Settings, *, checkpoint: Path | None, rejected: Path | None
) -> Plan:
    """Read the options and the checkpoint.

    Args:
        file: what is ingested.
        reading: how.
        settings: where to; progress towards another endpoint, or with another key, is not this one's.
        checkpoint: the file of the progress; by default one below `.meterhouse/`.
        rejected: the file for invalid lines; None stops at them.

    Raises:
        Misused: options that contradict each other, no such file, a checkpoint that is none, a file for invalid lines
            that holds something else.
    """
    is_csv = reading.of(file) is FileFormat.CSV
    mapping = parse_mapping(reading.maps, reading.data, reading.missing) if is_csv else None
    key = file.key(settings.url, settings.api_key, repr(reading), file.plain_name or "")
    kept = None if key is None else Checkpoint(checkpoint or CHECKPOINTS / f"ingest-{key[:16]}.json", key)
    progress = Progress() if kept is None else kept.read()
    return Plan(
        file=file,
        mapping=mapping,
        separator=reading.separator(),
        source=reading.source,
        checkpoint=kept,
        progress=progress,
        rejects=None if rejected is None else rejected_lines(rejected, progress),
    )
