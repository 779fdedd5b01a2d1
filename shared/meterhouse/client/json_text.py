"""JSON whose numbers stay what they are: a fraction is read as a `Decimal` and written with the same digits."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any, NoReturn

_ENCODE = json.JSONEncoder(allow_nan=False).encode


def read_json(text: str) -> Any:  # noqa: ANN401 - JSON
    """The value of a JSON text; `ValueError` for anything else, NaN and endless nesting included."""
    try:
        return json.loads(text, parse_float=_decimal, parse_constant=_no_constant)
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
    return _ENCODE(value)


def _decimal(text: str) -> Decimal:
    try:
        return Decimal(text)
    except ArithmeticError:
        raise ValueError(f"no decimal holds {text}") from None


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")
