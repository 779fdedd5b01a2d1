"""The file of lines that were passed over, as they stood: to be mended and ingested."""

from __future__ import annotations

from typing import TYPE_CHECKING

from meterhouse.cli.errors import Misused

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from meterhouse.cli.record import Record


class RejectedLines:
    """Appends, from the place where the run that is taken up again had come to; made with the first line."""

    def __init__(self, path: Path, size: int) -> None:
        self.path = path
        self.size = size
        self._header = b""

    def start_with(self, header: bytes) -> None:
        """Put this line first: the file is then read as the one it comes from."""
        self._header = _ended(header)

    def write(self, records: Iterable[Record]) -> None:
        """Write the records' bytes.

        Raises:
            Misused: the file cannot be written.
        """
        lines = b"".join(_ended(record.raw) for record in records)
        if not lines:
            return
        try:
            start = min(self.size, self.path.stat().st_size) if self.path.exists() else 0
            text = lines if start else self._header + lines
            with self.path.open("r+b" if start else "wb") as file:
                file.truncate(start)
                file.seek(start)
                file.write(text)
        except OSError as error:
            raise Misused(f"{self.path} cannot be written: {error.strerror}") from None
        self.size = start + len(text)


def _ended(raw: bytes) -> bytes:
    return raw if not raw or raw.endswith(b"\n") else raw + b"\n"
