"""Writing the files that say what the endpoint has."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from meterhouse.cli.catalog.folder import read_files, write_files
from meterhouse.cli.catalog.remote import read_remote
from meterhouse.cli.errors import Failed

if TYPE_CHECKING:
    from pathlib import Path

    from meterhouse.cli.http import Endpoint


@dataclass(frozen=True, slots=True)
class Pulled:
    """Files written, how many things were the same already, and things that the files alone have."""

    written: list[str]
    unchanged: int
    only_here: list[str]


def pull(endpoint: Endpoint, path: Path, *, is_forced: bool) -> Pulled:
    """Write what is on sale, and else what is drafted; a file that says the same stays as it is, comments and all.

    Raises:
        Misused: a file has faults, and nothing is forced.
        Failed: a file says something else, and nothing is forced.
    """
    files = read_files(path)
    if not is_forced:
        files.require_sound()
    things = read_remote(endpoint).things
    wanted = {name: thing.document for name, thing in sorted(things.items())}
    faulty = {fault.place.file for fault in files.faults}
    same = {
        name
        for name, entry in files.entries.items()
        if name in wanted and entry.document == wanted[name] and str(entry.file) not in faulty
    }
    differing = [entry for name, entry in files.entries.items() if name in wanted and name not in same]
    if differing and not is_forced:
        named = "\n".join(f"  {entry.file}: {entry.family.one} {entry.key}" for entry in differing)
        raise Failed(f"these say something else than the endpoint, and --force would write over them:\n{named}")
    new = {name: document for name, document in wanted.items() if name not in same}
    written = write_files(path, new, files) if new else []
    return Pulled(written, len(same), ["/".join(name) for name in files.entries if name not in wanted])
