"""How far a file was ingested: what an interrupted run leaves for the next."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from meterhouse.cli.errors import Misused

if TYPE_CHECKING:
    from pathlib import Path

_HEAD = 1 << 20


@dataclass(frozen=True, slots=True)
class Progress:
    """Every record up to `line` is settled: accepted, or rejected and written down.

    `rejected_bytes` is the length that the file of rejected lines, `rejected_to`, then had; "" before the first.
    """

    line: int = 0
    accepted: int = 0
    rejected: int = 0
    rejected_bytes: int = 0
    rejected_to: str = ""
    derived_ids: int = 0


def checkpoint_key(head: bytes, size: int, changed_ns: int, *options: str) -> str:
    """What must be the same for a run to go on where another ended: the file, the endpoint, the key, the options."""
    digest = hashlib.sha256()
    for part in (head, str(size).encode(), str(changed_ns).encode(), *(text.encode() for text in options)):
        digest.update(len(part).to_bytes(8, "big") + part)
    return digest.hexdigest()


def file_key(path: Path, *options: str) -> str:
    """The key of a file as it is now: its size, when it was changed, and its first MiB."""
    with path.open("rb") as file:
        head, stat = file.read(_HEAD), os.fstat(file.fileno())
    return checkpoint_key(head, stat.st_size, stat.st_mtime_ns, *options)


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """One file that holds one run's progress; it exists only while a run is unfinished."""

    path: Path
    key: str

    def read(self) -> Progress:
        """The progress of the same work; none where the file tells of another, or of nothing."""
        try:
            document = json.loads(self.path.read_bytes())
            if document["key"] != self.key:
                return Progress()
            return _progress(document["progress"])
        except OSError:
            return Progress()
        except (ValueError, TypeError, KeyError, AttributeError):
            raise Misused(f"{self.path} is no checkpoint: name another with --checkpoint, or remove it") from None

    def write(self, progress: Progress) -> None:
        """Replace the file at once: a reader sees the old progress or the new.

        Raises:
            Misused: the place cannot be written.
        """
        scratch = self.path.with_name(f"{self.path.name}.part")
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with scratch.open("w", encoding="utf-8") as file:
                json.dump({"key": self.key, "progress": asdict(progress)}, file)
                file.flush()
                os.fsync(file.fileno())
            scratch.replace(self.path)
        except OSError as error:
            raise Misused(f"the checkpoint {self.path} cannot be written: {error.strerror}") from None

    def remove(self) -> None:
        self.path.unlink(missing_ok=True)


def _progress(document: dict[str, Any]) -> Progress:
    numbers = {name: int(value) for name, value in document.items() if name != "rejected_to"}
    return Progress(**numbers, rejected_to=str(document["rejected_to"]))
