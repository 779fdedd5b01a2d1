"""Conditions on a text, as the contract's FilterString has them."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


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
