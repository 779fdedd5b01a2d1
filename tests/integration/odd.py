"""Documents with one value made odd, at every place in turn."""

from collections.abc import Iterator
from copy import deepcopy
from typing import Any

ODD: list[Any] = [None, True, -1, 1.5, 10**400, 1e300, "", "x" * 2000, "\ud800", "1e999", "P0D", "P9999999Y"]
ODD += ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", [], [None], {}, {"type": {}}]


def places(document: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The path to every part of a document, itself first."""
    yield path
    indexed = enumerate(document) if isinstance(document, list) else ()
    steps = document.items() if isinstance(document, dict) else indexed
    for step, part in steps:
        yield from places(part, (*path, step))


def changed(document: Any, path: tuple[Any, ...], value: Any) -> Any:
    """The document with another value at the path."""
    if not path:
        return value
    changed_one = deepcopy(document)
    target = changed_one
    for step in path[:-1]:
        target = target[step]
    target[path[-1]] = value
    return changed_one
