"""From nodes of YAML to a document, every fault with its line; and where in the file each part of it stands."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, assert_never

from meterhouse.cli.catalog.kinds import (
    Conditions,
    Document,
    Kind,
    Listed,
    Named,
    Record,
    Scalar,
    Variant,
    suggestion,
)
from meterhouse.cli.catalog.node import Items, Leaf, Members, Node
from meterhouse.cli.catalog.plain import TYPE, settled

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Place:
    """A line of a file and the field that stands there, as a reader would name it."""

    file: str
    line: int
    field: str = ""

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.field}".rstrip(": ")


@dataclass(frozen=True, slots=True)
class Fault:
    place: Place
    message: str

    def __str__(self) -> str:
        return f"{self.place}: {self.message}"


@dataclass(slots=True)
class Reading:
    """One thing's document while it is read.

    Attributes:
        places: where the value of each JSON pointer stands.
    """

    file: str
    faults: list[Fault] = field(default_factory=list)
    places: dict[str, Place] = field(default_factory=dict)

    def read(self, record: Record, node: Node, key: str) -> Document:
        """The document, as far as it can be read."""
        found = self._value(record, node, "", "")
        return settled(record, found, key) if isinstance(found, dict) else {}

    def fault(self, line: int, name: str, message: str) -> None:
        self.faults.append(Fault(Place(self.file, line, name), message))

    def _value(self, kind: Kind, node: Node, pointer: str, name: str) -> Any:  # noqa: ANN401 - as the kind is
        self.places[pointer] = Place(self.file, node.line, name)
        match kind:
            case Scalar():
                return self._scalar(kind, node, name)
            case Record():
                return self._record(kind, self._members(node, name), node.line, pointer, name)
            case Variant():
                return self._variant(kind, self._members(node, name), node.line, pointer, name)
            case Listed():
                return self._listed(kind, node, pointer, name)
            case Named():
                pairs = self._members(node, name).items()
                return {one: self._value(kind.value, part, _at(pointer, one), _dot(name, one)) for one, part in pairs}
            case Conditions():
                return self._conditions(node, pointer, name)
            case _:
                assert_never(kind)

    def _scalar(self, kind: Scalar, node: Node, name: str) -> Any:  # noqa: ANN401 - as the kind is
        if not isinstance(node, Leaf) or node.text is None:
            self.fault(node.line, name, "must be one value")
            return None
        try:
            return kind.read(node.text)
        except ValueError as error:
            self.fault(node.line, name, str(error))
            return None

    def _members(self, node: Node, name: str) -> dict[str, Node]:
        """The parts that hold something, by name."""
        if not isinstance(node, Members):
            if not (isinstance(node, Leaf) and node.text is None):
                self.fault(node.line, name, "must be a mapping of names to values")
            return {}
        seen: dict[str, int] = {}
        for leaf, _ in node.pairs:
            one = str(leaf.text)
            if one in seen:
                self.fault(leaf.line, _dot(name, one), f"is there twice, first in line {seen[one]}")
            seen.setdefault(one, leaf.line)
        return {str(one.text): part for one, part in node.pairs if part != Leaf(part.line, None)}

    def _record(self, record: Record, parts: Mapping[str, Node], line: int, pointer: str, name: str) -> Document:
        for one, part in parts.items():
            if one not in record.fields:
                known = tuple(record.fields)
                self.fault(part.line, _dot(name, one), f"is no field here{suggestion(one, known)}{_key_hint(one)}")
        for one, about in record.fields.items():
            if about.is_required and one not in parts:
                self.fault(line, _dot(name, one), "is missing")
        return {
            one: self._value(about.kind, parts[one], _at(pointer, one), _dot(name, one))
            for one, about in record.fields.items()
            if one in parts
        }

    def _variant(self, kind: Variant, parts: dict[str, Node], line: int, pointer: str, name: str) -> Document:
        told = parts.pop(TYPE, None)
        text = told.text if isinstance(told, Leaf) else None
        if text is None or text not in kind.options:
            known = ", ".join(kind.options)
            message = "is missing" if told is None else f"{text!r} is none"
            self.fault(told.line if told else line, _dot(name, TYPE), f"{message}: one of {known}")
            return {}
        self.places[_at(pointer, TYPE)] = Place(self.file, told.line if told else line, _dot(name, TYPE))
        return {TYPE: text, **self._record(kind.options[text], parts, line, pointer, name)}

    def _listed(self, kind: Listed, node: Node, pointer: str, name: str) -> list[Any]:
        if not isinstance(node, Items):
            self.fault(node.line, name, "must be a list")
            return []
        found, seen = [], set()
        for index, part in enumerate(node.items):
            key = _key_of(part) if kind.is_keyed else None
            if key is not None and key in seen:
                self.fault(part.line, _dot(name, key), "is the key of an earlier one")
            seen.add(key)
            found.append(self._value(kind.item, part, _at(pointer, str(index)), _dot(name, key or str(index))))
        return found

    def _conditions(self, node: Node, pointer: str, name: str) -> Any:  # noqa: ANN401 - as deep as the filter
        self.places[pointer] = Place(self.file, node.line, name)
        if isinstance(node, Leaf):
            if node.text is None:
                self.fault(node.line, name, "must hold something")
            return node.text
        if isinstance(node, Items):
            parts = enumerate(node.items)
            return [self._conditions(part, _at(pointer, str(n)), _dot(name, str(n))) for n, part in parts]
        members = self._members(node, name).items()
        return {one: self._conditions(part, _at(pointer, one), _dot(name, one)) for one, part in members}


def place_of(places: Mapping[str, Place], pointer: str) -> Place:
    """Where the pointer leads, or where what it should be in begins."""
    while pointer not in places and pointer:
        pointer = pointer.rpartition("/")[0]
    return places[pointer]


def _key_of(node: Node) -> str | None:
    pairs = node.pairs if isinstance(node, Members) else ()
    return next((part.text for one, part in pairs if one.text == "key" and isinstance(part, Leaf)), None)


def _key_hint(name: str) -> str:
    return ": the key is the name of the file" if name in {"key", "slug"} else ""


def _at(pointer: str, step: str) -> str:
    return f"{pointer}/{step.replace('~', '~0').replace('/', '~1')}"


def _dot(name: str, step: str) -> str:
    return f"{name}.{step}" if name else step
