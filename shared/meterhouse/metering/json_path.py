"""JSONPath (RFC 9535) into an event's data; compiled once a path."""

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from meterhouse.kernel.errors import Problems


class Several(list[Any]):
    """More than one value, in the document's order."""


class Unreadable(Exception):  # noqa: N818 - named for what it is
    """Why a path cannot be followed in a document; a value of a path, too, for no document may stop the sink."""


MISSING = object()
"""No value at all, which null is."""
Reader = Callable[[Any], Any]
"""What a path finds in a JSON document: the one value, or `Several`, `MISSING` or `Unreadable`."""
_MEMBERS = re.compile(r"\$(?:\.[A-Za-z_][A-Za-z0-9_]*)+")


@lru_cache(maxsize=4096)
def reader(path: str) -> Reader:
    """The path as a function. One that is no path, which `check_paths` does not let be, finds `Unreadable`."""
    if names := members(path):
        return _member(names)
    try:
        return _general(path)
    except ValueError as error:
        fault = Unreadable(f"is {error}")
        return lambda _: fault


def members(path: str) -> tuple[str, ...]:
    """The names that a path of members alone goes by, from the root; none of any other path."""
    return tuple(path.split(".")[1:]) if _MEMBERS.fullmatch(path) else ()


def _general(path: str) -> Reader:
    from meterhouse.metering.general_path import GeneralPath  # noqa: PLC0415 - 80 ms that most meters never need

    find = GeneralPath(path).find

    def read(document: Any) -> Any:  # noqa: ANN401 - JSON
        try:
            found = find(document)
        except Unreadable as fault:
            return fault
        if len(found) == 1:
            return found[0]
        return Several(found) if found else MISSING

    return read


def check_paths(value_property: str | None, group_by: Mapping[str, str], problems: Problems) -> None:
    """Add a problem for each path that is none, or that would cost too much in some document."""
    paths = {f"/groupBy/{name.replace('~', '~0').replace('/', '~1')}": path for name, path in group_by.items()}
    if value_property is not None:
        paths = {"/valueProperty": value_property, **paths}
    for pointer, path in paths.items():
        try:
            _check(path)
        except ValueError as error:
            problems.add(pointer, "json_path", str(error))


def _check(path: str) -> None:
    from meterhouse.metering.general_path import GeneralPath  # noqa: PLC0415 - as above

    if not _MEMBERS.fullmatch(path):
        GeneralPath(path).check_cost()


def _member(names: tuple[str, ...]) -> Reader:
    # walking members by hand takes a fortieth of the library's time
    if len(names) == 1:
        [only] = names
        return lambda document: document.get(only, MISSING) if isinstance(document, dict) else MISSING

    def read(document: Any) -> Any:  # noqa: ANN401 - JSON
        for name in names:
            if not isinstance(document, dict) or name not in document:
                return MISSING
            document = document[name]
        return document

    return read
