"""What is wrong with a request as the contract's third version tells it, beside the problem's own members."""

from collections.abc import Iterable

from meterhouse.kernel.errors import InvalidInput, Problem

VERSION_3 = "/api/v3/"
_SOURCES = {"query": "query", "path": "path", "header": "header", "rawPath": "path", "rawQueryString": "query"}


def invalid_parameters(error: InvalidInput) -> list[dict[str, str]]:
    """Each fault once, and one at least: `field` in the words of the contract, `source` where it stands, `reason`."""
    faults = error.problems or (Problem("", "invalid", error.detail),)
    return _distinct(_named(fault) for fault in faults)


def _distinct(named: Iterable[dict[str, str]]) -> list[dict[str, str]]:
    return [dict(one) for one in dict.fromkeys(tuple(one.items()) for one in named)]


def _named(fault: Problem) -> dict[str, str]:
    place, is_outside, name = fault.field.partition(":")
    if is_outside and place in _SOURCES:
        source = _SOURCES[place]
        return {"field": _camel(name) if source == "path" else name, "reason": fault.message, "source": source}
    steps = (step.replace("~1", "/").replace("~0", "~") for step in fault.field.split("/")[1:])
    return {"field": ".".join(steps), "reason": fault.message, "source": "body"}


def _camel(name: str) -> str:
    """A parameter of a path is ours in Python alone."""
    first, *others = name.split("_")
    return first + "".join(part.capitalize() for part in others)
