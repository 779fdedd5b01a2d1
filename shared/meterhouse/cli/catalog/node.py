"""YAML as nodes that know their line.

Scalars stay texts: what they are is the document's to say. No decimal passes through a double, and `no` is a word.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

_MOST = 200_000
_NULLS = frozenset({"", "~", "null", "Null", "NULL"})


@dataclass(frozen=True, slots=True)
class Leaf:
    """`text` None: null, or nothing."""

    line: int
    text: str | None


@dataclass(frozen=True, slots=True)
class Items:
    line: int
    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Members:
    """Pairs as they stand, names that come twice included."""

    line: int
    pairs: tuple[tuple[Leaf, Node], ...]


Node = Leaf | Items | Members


class NoYamlError(Exception):
    """What the text is instead, and where."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(message)
        self.line = line
        self.message = message


def read_yaml(text: str) -> Node:
    """The one document of a text; nothing is null.

    Raises:
        NoYamlError: it is no YAML, or more than one document, or holds itself.
    """
    import yaml  # noqa: PLC0415 - 30 ms of import, which other commands need not wait for

    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise NoYamlError(mark.line + 1 if mark else 1, str(error.problem or error.context)) from None
    except yaml.reader.ReaderError as error:
        raise NoYamlError(
            text.count("\n", 0, error.position) + 1, f"the character {error.character:#04x} is not allowed"
        ) from None
    except RecursionError:
        raise NoYamlError(1, "it is nested too deep") from None
    return Leaf(1, None) if root is None else _Converter().node(root)


class _Converter:
    def __init__(self) -> None:
        self._made = 0
        self._open: set[int] = set()

    def node(self, found: Any) -> Node:  # noqa: ANN401 - yaml has no types
        line = found.start_mark.line + 1
        self._made += 1
        if id(found) in self._open or self._made > _MOST:
            raise NoYamlError(line, "an alias holds itself, or there is too much")
        if found.id == "scalar":
            is_null = found.style is None and found.value in _NULLS
            return Leaf(line, None if is_null else found.value)
        self._open.add(id(found))
        try:
            if found.id == "sequence":
                return Items(line, tuple(map(self.node, found.value)))
            return Members(line, tuple(self._pairs(found)))
        finally:
            self._open.discard(id(found))

    def _pairs(self, found: Any) -> Iterator[tuple[Leaf, Node]]:  # noqa: ANN401 - as above
        for name, value in found.value:
            if name.id != "scalar":
                raise NoYamlError(name.start_mark.line + 1, "a name must be a text")
            yield Leaf(name.start_mark.line + 1, name.value), self.node(value)
