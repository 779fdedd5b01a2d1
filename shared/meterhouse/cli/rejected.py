"""The file of lines that were passed over, as they stood: to be mended and ingested."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from meterhouse.cli.errors import Misused

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from meterhouse.cli.checkpoint import Progress
    from meterhouse.cli.record import Record


class RejectedLines:
    """Appends, from the place where the run that is taken up again had come to; made with the first line."""

    def __init__(self, path: Path, size: int, *, is_ours: bool) -> None:
        self.path = path
        self.size = size
        self._is_ours = is_ours
        self._header = b""

    @property
    def place(self) -> str:
        return str(self.path.absolute())

    def start_with(self, header: bytes) -> None:
        """Put this line first: the file is then read as the one it comes from."""
        self._header = _ended(header)

    def write(self, records: Iterable[Record]) -> None:
        """Write the records' bytes; return when they would survive a crash.

        Raises:
            Misused: the file cannot be written.
        """
        lines = b"".join(_ended(record.raw) for record in records)
        try:
            start = min(self.size, self.path.stat().st_size) if self.path.exists() else 0
            text = lines if start else self._header + lines
            with self.path.open("r+b" if start else "wb") as file:
                file.truncate(start)
                file.seek(start)
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise Misused(f"{self.path} cannot be written: {error.strerror}") from None
        self.size, self._is_ours = start + len(text), True

    def finish(self) -> None:
        """Take away what a killed run wrote that this one did not reject."""
        if not self._is_ours or not self.path.exists():
            return
        if self.size:
            os.truncate(self.path, min(self.size, self.path.stat().st_size))
        else:
            self.path.unlink()


def rejected_lines(path: Path, progress: Progress) -> RejectedLines:
    """The file at `path`: one of ours so far, or a new one.

    Raises:
        Misused: something else is there, or what was rejected so far is elsewhere.
    """
    found = RejectedLines(path, progress.rejected_bytes, is_ours=False)
    if progress.rejected_to == found.place:
        return RejectedLines(path, progress.rejected_bytes, is_ours=True)
    if progress.rejected_bytes:
        raise Misused(f"lines were rejected to {progress.rejected_to}: name it with --rejected")
    if path.exists() and path.stat().st_size:
        raise Misused(f"{path} is there already: move it away, or name another file with --rejected")
    return found


def _ended(raw: bytes) -> bytes:
    return raw if not raw or raw.endswith(b"\n") else raw + b"\n"
