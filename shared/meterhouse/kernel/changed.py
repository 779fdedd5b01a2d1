"""`dataclasses.replace`, three times as fast: an invoice run makes a hundred copies for each invoice."""

from __future__ import annotations

from dataclasses import fields
from functools import cache
from operator import attrgetter
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    # checkers know its arguments by name
    from dataclasses import replace
else:
    T = TypeVar("T")

    def replace(one: T, /, **changes: object) -> T:
        """A copy with these changes, made by the constructor, which checks it."""
        places, values_of = _fields(type(one))
        values = [*values_of(one)]
        for name, value in changes.items():
            values[places[name]] = value
        return type(one)(*values)


@cache
def _fields(kind: type[Any]) -> tuple[Mapping[str, int], Callable[[object], tuple[object, ...]]]:
    """The place of each of the constructor's arguments, and what reads them all: there are two or more."""
    names = [field.name for field in fields(kind)]
    if len(names) == 1 or any(field.kw_only or not field.init for field in fields(kind)):
        raise TypeError(f"{kind.__name__} is not made of two or more fields in their order")
    return {name: place for place, name in enumerate(names)}, attrgetter(*names)


__all__ = ["replace"]
