"""JSONPath (RFC 9535) into an event's data; compiled once a path."""

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from meterhouse.kernel.errors import Problems


class Several(list[Any]):
    """More than one value, in the document's order."""


MISSING = object()
"""No value at all, which null is."""
Reader = Callable[[Any], Any]
"""What a path finds in a JSON document: the one value, or `Several`, or `MISSING`."""
_MEMBERS = re.compile(r"\$(?:\.[A-Za-z_][A-Za-z0-9_]*)+")


@lru_cache(maxsize=4096)
def reader(path: str) -> Reader:
    """The path as a function.

    Raises:
        ValueError: it is no JSONPath from the root.
    """
    if names := members(path):
        return _member(names)
    if not path.startswith("$"):
        raise ValueError("a JSONPath starts with $")
    return _general(path)


def members(path: str) -> tuple[str, ...]:
    """The names that a path of members alone goes by, from the root; none of any other path."""
    return tuple(path.split(".")[1:]) if _MEMBERS.fullmatch(path) else ()


def _general(path: str) -> Reader:
    import jsonpath  # noqa: PLC0415 - 80 ms that most meters never need

    environment = jsonpath.JSONPathEnvironment(strict=True)
    for pattern_function in ("match", "search"):
        # a pattern of a meter's author could hold the sink for ever
        environment.function_extensions.pop(pattern_function)
    try:
        find = environment.compile(path).findall
    except (jsonpath.JSONPathError, RecursionError) as error:
        raise ValueError(str(error)) from error

    def read(document: Any) -> Any:  # noqa: ANN401 - JSON
        found = find(document)
        if len(found) == 1:
            return found[0]
        return Several(found) if found else MISSING

    return read


def check_paths(value_property: str | None, group_by: Mapping[str, str], problems: Problems) -> None:
    """Add a problem for each path that is none."""
    paths = {f"/groupBy/{name.replace('~', '~0').replace('/', '~1')}": path for name, path in group_by.items()}
    if value_property is not None:
        paths = {"/valueProperty": value_property, **paths}
    for pointer, path in paths.items():
        try:
            reader(path)
        except ValueError as error:
            problems.add(pointer, "json_path", f"no JSONPath: {error}")


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
