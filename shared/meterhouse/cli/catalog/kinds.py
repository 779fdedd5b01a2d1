"""Of what the documents of a catalog are made: kinds of values, and records of them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from decimal import Decimal
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from meterhouse.kernel.cadence import Cadence
from meterhouse.kernel.instant import format_rfc3339, parse_rfc3339

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

Document = dict[str, Any]
"""It has no nulls: what is not there is left out."""
_DECIMAL = re.compile(r"-?[0-9]+(\.[0-9]+)?", re.ASCII)
_WHOLE = re.compile(r"-?[0-9]{1,18}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Scalar:
    """A value of one text.

    Attributes:
        read: from its text; `ValueError` with a sentence.
        send: into what JSON holds.
    """

    read: Callable[[str], Any]
    send: Callable[[Any], Any] = str


@dataclass(frozen=True, slots=True)
class Field:
    """A member of a record.

    Attributes:
        default: what the endpoint takes where the member is left out; None: nothing.
        default_is_key: the key of the thing is the default.
        is_null: the endpoint wants null where it is left out.
        is_sent: it is part of the thing's document on the wire.
    """

    kind: Kind
    is_required: bool = False
    default: Any = None
    default_is_key: bool = False
    is_null: bool = False
    is_sent: bool = True


@dataclass(frozen=True, slots=True)
class Record:
    """Members by name, in the order in which they are written. `told` are names that only answers carry."""

    fields: Mapping[str, Field]
    told: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Variant:
    """A record by its `type`."""

    options: Mapping[str, Record]


@dataclass(frozen=True, slots=True)
class Listed:
    """Records in an order; told apart by their key where they have one."""

    item: Record | Variant
    is_keyed: bool = False


@dataclass(frozen=True, slots=True)
class Named:
    """Values of one kind by names that are free."""

    value: Kind


@dataclass(frozen=True, slots=True)
class Conditions:
    """Texts in lists and mappings, as deep as need be: the conditions of a filter."""


Kind = Scalar | Record | Variant | Listed | Named | Conditions


def _decimal(text: str) -> Decimal:
    if not _DECIMAL.fullmatch(text):
        raise ValueError(f'{text!r} is no decimal such as "0.10"')
    return Decimal(text)


def _number(text: str) -> Decimal:
    """What a double carries, too: the endpoint tells it as one."""
    number = _decimal(text)
    if number != number.to_integral_value() and Decimal(repr(float(number))) != number:
        raise ValueError(f"{text} has more digits than the endpoint would tell again")
    return number


def _whole(text: str) -> int:
    if not _WHOLE.fullmatch(text):
        raise ValueError(f"{text!r} is no whole number")
    return int(text)


def _flag(text: str) -> bool:
    if text not in {"true", "false"}:
        raise ValueError(f"{text!r} is neither true nor false")
    return text == "true"


def _unchanged(value: Any) -> Any:  # noqa: ANN401 - JSON
    return value


def choice(*values: str) -> Scalar:
    def read(text: str) -> str:
        if text not in values:
            raise ValueError(f"{text!r} is none of {', '.join(values)}{suggestion(text, values)}")
        return text

    return Scalar(read)


def suggestion(name: str, known: Mapping[str, object] | tuple[str, ...]) -> str:
    """`; did you mean …?` where a known name is near."""
    near = get_close_matches(name, list(known), 1)
    return f"; did you mean {near[0]}?" if near else ""


TEXT = Scalar(str)
DECIMAL = Scalar(_decimal)
NUMBER = Scalar(_number, _unchanged)
"""A decimal that the contract has as a JSON number."""
WHOLE = Scalar(_whole, _unchanged)
FLAG = Scalar(_flag, _unchanged)
DURATION = Scalar(lambda text: Cadence.parse(text).iso())
INSTANT = Scalar(lambda text: format_rfc3339(parse_rfc3339(text)))
TEXTS = Named(TEXT)


@dataclass(frozen=True, slots=True)
class Family:
    """One kind of thing that a catalog holds, and where it is found.

    Attributes:
        folder: its folder, and its path in the API.
        one: one of them, for people.
        key: how the API names its key.
        has_versions: it is drafted, published and archived, a version at a time.
    """

    folder: str
    one: str
    record: Record
    key: str = "key"
    has_versions: bool = False
    list_query: Mapping[str, list[str]] = field(default_factory=dict)
