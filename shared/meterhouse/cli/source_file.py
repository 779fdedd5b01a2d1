"""The file that is ingested: its lines, inflated where it is gzip, and how far they were read."""

from __future__ import annotations

import gzip
import sys
import zlib
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING

from meterhouse.cli.checkpoint import file_key
from meterhouse.cli.errors import Misused

if TYPE_CHECKING:
    from collections.abc import Iterator

STDIN = "-"
_GZIP = b"\x1f\x8b"


class Lines:
    """Iterates the lines, ends included; `Misused` where the bytes cannot be read or are broken gzip."""

    def __init__(self, raw: IO[bytes], name: str) -> None:
        self._raw = raw
        self._name = name

    def __iter__(self) -> Iterator[bytes]:
        peek = getattr(self._raw, "peek", None)
        try:
            is_gzip = peek is not None and peek(2)[:2] == _GZIP
            yield from gzip.GzipFile(fileobj=self._raw) if is_gzip else self._raw
        except (OSError, EOFError, zlib.error) as error:
            raise _unreadable(self._name, error) from None

    def position(self) -> int:
        """Bytes of the file itself that were read; what a progress bar counts."""
        return self._raw.tell()


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file; or a stream, of which nothing is known before it was read: standard input (`-`), a pipe."""

    name: str

    @property
    def is_stream(self) -> bool:
        return self.name == STDIN or (Path(self.name).exists() and not Path(self.name).is_file())

    @property
    def plain_name(self) -> str | None:
        """The file's own name, the same whether it is compressed or not; None for a stream."""
        return None if self.is_stream else Path(self.name).name.removesuffix(".gz")

    @property
    def is_csv(self) -> bool:
        return Path(self.name).name.lower().removesuffix(".gz").endswith(".csv")

    @contextmanager
    def opened(self) -> Iterator[Lines]:
        with nullcontext(sys.stdin.buffer) if self.name == STDIN else self._open() as raw:
            yield Lines(raw, self.name)

    def _open(self) -> IO[bytes]:
        try:
            return Path(self.name).open("rb")
        except (OSError, ValueError) as error:
            raise _unreadable(self.name, error) from None

    def size(self) -> int | None:
        """Bytes; None for a stream."""
        return None if self.is_stream else Path(self.name).stat().st_size

    def key(self, *options: str) -> str | None:
        """What a checkpoint of this file is known by; None for a stream, which cannot be taken up again."""
        if self.is_stream:
            return None
        try:
            return file_key(Path(self.name), *options)
        except (OSError, ValueError) as error:
            raise _unreadable(self.name, error) from None


def _unreadable(name: str, error: Exception) -> Misused:
    return Misused(f"cannot read {name}: {getattr(error, 'strerror', None) or error}")
