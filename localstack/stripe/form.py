"""Stripe's request bodies and queries: forms whose names carry the nesting, `a[b][0][c]=d`."""

import re
from typing import Any
from urllib.parse import parse_qsl

from localstack.stripe.errors import invalid

_PART = re.compile(r"\[([^\]]*)\]")


def read_form(text: str) -> dict[str, Any]:
    """The form as nested dicts and lists of strings. An empty string unsets, as in Stripe."""
    found: dict[str, Any] = {}
    for name, value in parse_qsl(text, keep_blank_values=True):
        head, _, rest = name.partition("[")
        _put(found, [head, *_PART.findall(f"[{rest}" if rest else "")], value)
    return {name: _with_lists(value) for name, value in found.items()}


def _put(into: dict[str, Any], path: list[str], value: str) -> None:
    for part in path[:-1]:
        into = into.setdefault(part or str(len(into)), {})
    into[path[-1] or str(len(into))] = value


def _with_lists(value: object) -> object:
    if not isinstance(value, dict):
        return value
    parts = {name: _with_lists(part) for name, part in value.items()}
    return [parts[str(number)] for number in range(len(parts))] if parts and all(map(str.isdecimal, parts)) else parts


def whole(form: dict[str, Any], name: str, default: int | None = None) -> int:
    """An integer; amounts with a point are refused, as Stripe does."""
    text = form.get(name)
    if text is None and default is not None:
        return default
    if text is None:
        raise invalid(f"Missing required param: {name}.", "parameter_missing", name)
    if not re.fullmatch(r"-?\d{1,12}", str(text)):
        raise invalid(f"Invalid integer: {text}", "parameter_invalid_integer", name)
    return int(text)


def flag(form: dict[str, Any], name: str, *, default: bool = False) -> bool:
    text = form.get(name)
    if text is None:
        return default
    if text not in {"true", "false"}:
        raise invalid(f"Invalid boolean: {text}", "parameter_invalid_boolean", name)
    return bool(text == "true")


def required(form: dict[str, Any], name: str) -> str:
    text = form.get(name)
    if not text:
        raise invalid(f"Missing required param: {name}.", "parameter_missing", name)
    return str(text)
