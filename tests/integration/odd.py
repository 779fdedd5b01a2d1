"""Documents with something odd at each of their places in turn."""

from collections.abc import Iterator, Sequence
from copy import deepcopy
from typing import Any

Place = tuple[Any, ...]
ODD: list[Any] = [None, True, -1, 1.5, 10**400, 1e300, "", "x" * 2000, "\ud800", "1e999", "P0D", "P9999999Y"]
ODD += ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", [], [None], {}, {"type": {}}]


def odd_forms(document: Any, values: Sequence[Any] = ODD) -> Iterator[tuple[tuple[Place, int], Any]]:
    """Yield the document with each value at each place, after the place and the value's index."""
    for place in _places(document):
        for index, value in enumerate(values):
            yield (place, index), _changed(document, place, value)


def _places(document: Any, path: Place = ()) -> Iterator[Place]:
    yield path
    indexed = enumerate(document) if isinstance(document, list) else ()
    steps = document.items() if isinstance(document, dict) else indexed
    for step, part in steps:
        yield from _places(part, (*path, step))


def _changed(document: Any, place: Place, value: Any) -> Any:
    if not place:
        return value
    changed = deepcopy(document)
    target = changed
    for step in place[:-1]:
        target = target[step]
    target[place[-1]] = value
    return changed
