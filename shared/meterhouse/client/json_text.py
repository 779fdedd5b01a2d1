"""JSON whose numbers stay what they are: an `int`, a `Decimal` or `Digits`, and written with the same digits."""

from __future__ import annotations

import json
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, NoReturn

_ENCODE = json.JSONEncoder(allow_nan=False).encode


@dataclass(frozen=True, slots=True)
class Digits:
    """A number that no type holds, as it was written: an event's data may have one, and is listed as it came."""

    text: str

    def __str__(self) -> str:
        return self.text


def read_json(text: str) -> Any:  # noqa: ANN401 - JSON
    """The value of a JSON text; `ValueError` for anything else, NaN and endless nesting included."""
    try:
        return json.loads(text, parse_float=_decimal, parse_int=_whole, parse_constant=_no_constant)
    except RecursionError:
        raise ValueError("nested too deep") from None


def write_json(value: object) -> str:
    """The value on one line, in ASCII; `TypeError` for what JSON cannot say."""
    if isinstance(value, str):
        return _ENCODE(value)
    if isinstance(value, dict):
        return "{" + ",".join([f"{_ENCODE(str(key))}:{write_json(part)}" for key, part in value.items()]) + "}"
    if isinstance(value, list | tuple):
        return "[" + ",".join([write_json(part) for part in value]) + "]"
    if isinstance(value, Decimal):
        if not value.is_finite():
            raise TypeError(f"JSON has no {value}")
        return str(value)
    if isinstance(value, Digits):
        return value.text
    return _ENCODE(value)


def _decimal(text: str) -> Decimal | Digits:
    try:
        return Decimal(text)
    except ArithmeticError:
        return Digits(text)


def _whole(text: str) -> int | Digits:
    try:
        return int(text)
    except ValueError:  # Python reads no more than some thousand digits
        return Digits(text)


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")
