"""The files of a catalog: a folder with one file a thing, or one file with all of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from meterhouse.cli.catalog.kinds import Document, Family, suggestion
from meterhouse.cli.catalog.node import Leaf, Members, Node, NoYamlError, read_yaml
from meterhouse.cli.catalog.reading import Fault, Place, Reading
from meterhouse.cli.catalog.schema import FAMILIES
from meterhouse.cli.catalog.yaml_text import yaml_text
from meterhouse.cli.errors import Misused

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

_ENDINGS = (".yaml", ".yml")
_KINDS = {family.folder: family for family in FAMILIES}
Name = tuple[str, str]
"""A family's folder and a key in it: what names a thing here and there."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A thing as a file has it; `places` lead from pointers into its document to lines."""

    family: Family
    key: str
    file: Path
    document: Document
    places: Mapping[str, Place]

    @property
    def name(self) -> Name:
        return self.family.folder, self.key


@dataclass(slots=True)
class Files:
    """What was read.

    Attributes:
        kept: folders of the families that these files keep; what is of another is let alone.
    """

    path: Path
    entries: dict[Name, Entry] = field(default_factory=dict)
    kept: set[str] = field(default_factory=set)
    faults: list[Fault] = field(default_factory=list)

    def require_sound(self) -> None:
        """Raises `Misused` with all faults."""
        if self.faults:
            raise Misused("\n".join(["the files have faults, and nothing was asked", *map(str, self.faults)]))


def is_one_file(path: Path) -> bool:
    return path.is_file() or (path.suffix in _ENDINGS and not path.is_dir())


def read_files(path: Path) -> Files:
    """Every thing that the files hold, and every fault in them.

    Raises:
        Misused: a file cannot be read.
    """
    files = Files(path)
    if is_one_file(path):
        if path.exists():
            _read_sections(files, path, _root(files, path))
        return files
    for file in _yaml_files(path):
        family = _KINDS.get(file.parent.name) if file.parent.parent == path else None
        if family is None:
            known = ", ".join(_KINDS)
            message = f"is in no folder of a catalog: {known}{suggestion(file.parent.name, _KINDS)}"
            files.faults.append(Fault(Place(str(file), 1), message))
        elif (root := _root(files, file)) is not None:
            _read_thing(files, family, file.stem, file, root)
    files.kept |= {name for name in _KINDS if (path / name).is_dir()}
    return files


def write_files(path: Path, documents: Mapping[Name, Document], files: Files) -> list[str]:
    """Write these things, over those of the same name; the files written."""
    if is_one_file(path):
        whole = {name: entry.document for name, entry in files.entries.items()} | dict(documents)
        _write(path, {folder: _section(whole, folder) for folder in _KINDS if _section(whole, folder)})
        return [str(path)]
    written = []
    for name, document in documents.items():
        folder, key = name
        file = files.entries[name].file if name in files.entries else path / folder / f"{key}.yaml"
        _write(file, document)
        written.append(str(file))
    return written


def _yaml_files(path: Path) -> Iterator[Path]:
    try:
        found = sorted(path.rglob("*"))
    except OSError as error:
        raise Misused(f"{path} cannot be read: {error.strerror}") from None
    for file in found:
        hidden = any(part.startswith(".") for part in file.relative_to(path).parts)
        if file.suffix in _ENDINGS and file.is_file() and not hidden:
            yield file


def _root(files: Files, file: Path) -> Node | None:
    try:
        return read_yaml(file.read_text(encoding="utf-8"))
    except NoYamlError as error:
        files.faults.append(Fault(Place(str(file), error.line), error.message))
    except UnicodeDecodeError:
        files.faults.append(Fault(Place(str(file), 1), "is not UTF-8"))
    except OSError as error:
        raise Misused(f"{file} cannot be read: {error.strerror}") from None
    return None


def _read_sections(files: Files, file: Path, root: Node | None) -> None:
    """The things of a file that holds them all: by family, then by key."""
    sections = _pairs(files, file, root) if root is not None else []
    for folder, node in sections:
        family = _KINDS.get(str(folder.text))
        if family is None:
            message = f"is none of {', '.join(_KINDS)}{suggestion(str(folder.text), _KINDS)}"
            files.faults.append(Fault(Place(str(file), folder.line, str(folder.text)), message))
            continue
        files.kept.add(family.folder)
        for key, body in _pairs(files, file, node):
            _read_thing(files, family, str(key.text), file, body)


def _pairs(files: Files, file: Path, node: Node) -> list[tuple[Leaf, Node]]:
    if isinstance(node, Members):
        return list(node.pairs)
    if node != Leaf(node.line, None):
        files.faults.append(Fault(Place(str(file), node.line), "must be a mapping of names to values"))
    return []


def _read_thing(files: Files, family: Family, key: str, file: Path, root: Node) -> None:
    reading = Reading(str(file))
    document = reading.read(family.record, root, key)
    entry = Entry(family, key, file, document, reading.places)
    if (earlier := files.entries.get(entry.name)) is not None:
        reading.fault(root.line, key, f"this {family.one} is in {earlier.places['']} already".rstrip())
    files.entries.setdefault(entry.name, entry)
    files.faults += reading.faults


def _section(documents: Mapping[Name, Any], folder: str) -> dict[str, Any]:
    return {key: documents[folder, key] for _, key in sorted(name for name in documents if name[0] == folder)}


def _write(file: Path, document: object) -> None:
    scratch = file.with_name(f".{file.name}.part")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        scratch.write_text(yaml_text(document), encoding="utf-8")
        scratch.replace(file)
    except OSError as error:
        raise Misused(f"{file} cannot be written: {error.strerror}") from None
