"""Which names mean a model of the catalogue: conditions on a text, as documents of strings."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

Match = "Mapping[str, Any]"
"""{"equals" | "starts_with" | "ends_with" | "contains" | "regex": text} or {"and" | "or": [Match, …]}."""

_TEXTS: Mapping[str, Callable[[str, str], bool]] = {
    "equals": lambda name, text: name == text.lower(),
    "starts_with": lambda name, text: name.startswith(text.lower()),
    "ends_with": lambda name, text: name.endswith(text.lower()),
    "contains": lambda name, text: text.lower() in name,
    "regex": lambda name, text: re.search(text, name, re.IGNORECASE) is not None,
}


def matches(match: Mapping[str, Any], name: str) -> bool:
    """Whether the name means what is matched; case says nothing.

    Raises:
        ValueError: it is no condition that is known here.
    """
    [(kind, wanted)] = match.items()
    if kind == "and":
        return all(matches(one, name) for one in wanted)
    if kind == "or":
        return any(matches(one, name) for one in wanted)
    if kind not in _TEXTS:
        raise ValueError(f"{kind!r} is no condition on a model's name")
    return _TEXTS[kind](name.lower(), wanted)
