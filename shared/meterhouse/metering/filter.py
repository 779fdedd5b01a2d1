"""Conditions on a text, as the contract's FilterString has them."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Any, assert_never


class Operator(StrEnum):
    EQ = "$eq"
    NE = "$ne"
    IN = "$in"
    NOT_IN = "$nin"
    LIKE = "$like"
    NOT_LIKE = "$nlike"
    ILIKE = "$ilike"
    NOT_ILIKE = "$nilike"
    GT = "$gt"
    GTE = "$gte"
    LT = "$lt"
    LTE = "$lte"


@dataclass(frozen=True, slots=True)
class Comparison:
    """`operand` is an int, microseconds since 1970, where instants are compared."""

    operator: Operator
    operand: str | int | tuple[str, ...]


@dataclass(frozen=True, slots=True)
class All:
    """Holds when every part does; without parts always."""

    parts: "tuple[Filter, ...]" = ()


@dataclass(frozen=True, slots=True)
class AnyOf:
    """Holds when some part does; without parts never."""

    parts: "tuple[Filter, ...]"


Filter = Comparison | All | AnyOf


def one_of(*values: str) -> Filter:
    return Comparison(Operator.IN, values)


def containing(part: str) -> Filter:
    """The text holds `part` somewhere, in the same case; no character of it stands for another."""
    plain = part.replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_")
    return Comparison(Operator.LIKE, f"%{plain}%")


def parse_filter(document: Mapping[str, Any]) -> Filter:
    """The filter that a FilterString document says; all its members must hold, those that are null say nothing.

    Raises:
        ValueError: an unknown operator.
    """
    parts: list[Filter] = []
    for name, operand in document.items():
        if operand is None:
            continue
        if name in {"$and", "$or"}:
            inner = tuple(parse_filter(part) for part in operand)
            parts.append(All(inner) if name == "$and" else AnyOf(inner))
        else:
            parts.append(Comparison(Operator(name), tuple(operand) if isinstance(operand, list) else operand))
    return parts[0] if len(parts) == 1 else All(tuple(parts))


def admits(wanted: Filter, text: str) -> bool:
    """Whether the filter holds for a text, as the usage store would say of a value it has."""
    match wanted:
        case Comparison(operator, operand):
            return _COMPARED[operator](text, operand)
        case All(parts):
            return all(admits(part, text) for part in parts)
        case AnyOf(parts):
            return any(admits(part, text) for part in parts)
    assert_never(wanted)


def _is_like(text: str, pattern: str) -> bool:
    return _pattern(pattern, re.DOTALL).fullmatch(text) is not None


def _is_ilike(text: str, pattern: str) -> bool:
    return _pattern(pattern, re.DOTALL | re.IGNORECASE).fullmatch(text) is not None


@lru_cache(maxsize=256)
def _pattern(like: str, flags: re.RegexFlag) -> re.Pattern[str]:
    return re.compile("".join(_WILD.get(part) or re.escape(_plain(part)) for part in _PARTS.findall(like)), flags)


def _plain(part: str) -> str:
    return part[1:] if len(part) > 1 else part


_WILD = {"%": ".*", "_": "."}
_PARTS = re.compile(r"\\[%_\\]|.", re.DOTALL)
_COMPARED: dict[Operator, Callable[[str, Any], bool]] = {
    Operator.EQ: lambda text, operand: text == operand,
    Operator.NE: lambda text, operand: text != operand,
    Operator.IN: lambda text, operand: text in operand,
    Operator.NOT_IN: lambda text, operand: text not in operand,
    Operator.LIKE: _is_like,
    Operator.NOT_LIKE: lambda text, operand: not _is_like(text, operand),
    Operator.ILIKE: _is_ilike,
    Operator.NOT_ILIKE: lambda text, operand: not _is_ilike(text, operand),
    Operator.GT: lambda text, operand: text > operand,
    Operator.GTE: lambda text, operand: text >= operand,
    Operator.LT: lambda text, operand: text < operand,
    Operator.LTE: lambda text, operand: text <= operand,
}
