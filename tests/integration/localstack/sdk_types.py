"""Whether an answer has the shape that the `stripe` package declares for it."""

import types
from collections.abc import Iterator
from typing import Any, ForwardRef, Literal, Union, get_args, get_origin

from stripe import StripeObject

_PLAIN = {int: int, str: str, bool: bool}


def misfits(kind: type[StripeObject], value: dict[str, Any], where: str = "") -> Iterator[str]:
    """Fields that the class does not know, or knows otherwise. Stripe leaves fields out, so that is no misfit."""
    known = {
        name: hint for base in reversed(kind.__mro__) for name, hint in vars(base).get("__annotations__", {}).items()
    }
    for name, part in value.items():
        if name not in known:
            yield f"{where}{name}: unknown to {kind.__name__}"
            continue
        faults: list[str] = []
        if not _fits(known[name], part, faults, f"{where}{name}."):
            yield from faults or [f"{where}{name}: {part!r} is no {known[name]}"]


def lacking(kind: type[StripeObject], value: dict[str, Any]) -> list[str]:
    """Fields that every such object has and this one has not."""
    hints = vars(kind)["__annotations__"]
    return [name for name, hint in hints.items() if not _may_lack(hint) and name not in value]


def _may_lack(hint: object) -> bool:
    return "ClassVar" in str(hint) or type(None) in get_args(hint) or "Optional" in str(hint)


def _fits(hint: Any, value: object, faults: list[str], where: str) -> bool:  # noqa: PLR0911 - one for each kind
    origin, options = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        return any(_fits(one, value, faults, where) for one in options)
    if origin is Literal:
        return value in options
    if hint is type(None):
        return value is None
    if hint in _PLAIN:
        return type(value) is _PLAIN[hint]
    if origin is list:
        return isinstance(value, list) and all(_fits(options[0], part, faults, where) for part in value)
    if isinstance(hint, type) and issubclass(hint, StripeObject) and isinstance(value, dict):
        faults += misfits(hint, value, where)
        return not faults
    return not isinstance(hint, ForwardRef | str) or value is not None
