"""Pydantic's faults as problems with JSON pointers into what was sent."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from meterhouse.kernel.errors import InvalidInput, Problem

_VALUE_ERROR = "Value error, "
"""What pydantic puts before the sentence of a validator."""


def invalid_input(faults: Iterable[Mapping[str, Any]], body: object) -> InvalidInput:
    """All faults of a request; `body` is its decoded document.

    A fault outside the body has the field `query:<name>`, `path:<name>` or `header:<name>`.
    """
    problems = [_problem(fault, body) for fault in faults]
    count = "one fault" if len(problems) == 1 else f"{len(problems)} faults"
    return InvalidInput(f"{count} in the request", problems)


def _problem(fault: Mapping[str, Any], body: object) -> Problem:
    kind, (where, *path) = str(fault["type"]), fault["loc"]
    if kind == "json_invalid":
        return Problem("", kind, f"the body is not JSON: {fault['ctx']['error']}, at character {path[0]}")
    message = str(fault["msg"]).removeprefix(_VALUE_ERROR)
    if where == "body":
        return Problem(_pointer(_sent(path, body, is_missing=kind == "missing")), kind, message)
    return Problem(f"{where}:{'/'.join(map(str, path))}", kind, message)


def _sent(path: Sequence[object], body: object, *, is_missing: bool) -> Iterator[object]:
    """The steps of `path` that lead into `body`: pydantic also names the member of a union, which nobody sent."""
    for position, step in enumerate(path):
        if isinstance(body, list) and isinstance(step, int):
            body = body[step] if step < len(body) else None
        elif isinstance(body, dict) and step in body:
            body = body[step]
        elif not (is_missing and position == len(path) - 1):
            continue
        yield step


def _pointer(steps: Iterable[object]) -> str:
    return "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in steps)
