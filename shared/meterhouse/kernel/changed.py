"""`dataclasses.replace`, several times as fast: an invoice run makes dozens of copies for each invoice."""

from __future__ import annotations

from dataclasses import MISSING, fields
from functools import cache
from operator import attrgetter
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    # checkers know its arguments by name
    from dataclasses import replace
    from typing import ParamSpec

    P = ParamSpec("P")
    One = TypeVar("One")

    unchecked = replace

    def made(kind: Callable[P, One], /, *args: P.args, **values: P.kwargs) -> One:
        return kind(*args, **values)

else:
    T = TypeVar("T")

    def replace(one: T, /, **changes: object) -> T:
        """A copy with these changes. The constructor makes it where that checks something, or has slots to fill."""
        kind = type(one)
        made_of = _made_of(kind)
        if made_of.is_unchecked:
            return _copied(kind, one.__dict__ | changes)
        values = [*made_of.values_of(one)]
        for name, value in changes.items():
            values[made_of.places[name]] = value
        return kind(*values)

    def unchecked(one: T, /, **changes: object) -> T:
        """A copy of what has no slots, with changes that its constructor need not check."""
        return _copied(type(one), one.__dict__ | changes)

    def made(kind: type[T], /, **values: object) -> T:
        """One of these values, as by the constructor, in half its time where that checks nothing.

        What has another default than a value is to be given.
        """
        made_of = _made_of(kind)
        if not made_of.is_unchecked:
            return kind(**values)
        values = made_of.defaults | values
        if values.keys() != made_of.places.keys():
            raise TypeError(f"{kind.__name__} is not made of {sorted(values)}")
        return _copied(kind, values)

    def _copied(kind: type[T], values: dict[str, object]) -> T:
        if len(values) != len(_made_of(kind).places):
            raise TypeError(f"{kind.__name__} is not made of {sorted(values)}")
        copied = object.__new__(kind)
        object.__setattr__(copied, "__dict__", values)
        return copied


class _MadeOf(NamedTuple):
    """What the constructor of a kind takes.

    Attributes:
        places: of its arguments: there are two or more.
        values_of: reads them all.
        defaults: of those that have a value as default.
        is_unchecked: whether it does nothing but keep them in a dict, which is copied in the time of a few fields.
    """

    places: Mapping[str, int]
    values_of: Callable[[object], tuple[object, ...]]
    defaults: dict[str, object]
    is_unchecked: bool


@cache
def _made_of(kind: type[Any]) -> _MadeOf:
    names = [field.name for field in fields(kind)]
    if len(names) == 1 or any(field.kw_only or not field.init for field in fields(kind)):
        raise TypeError(f"{kind.__name__} is not made of two or more fields in their order")
    is_unchecked = kind.__dictoffset__ != 0 and not hasattr(kind, "__post_init__")
    defaults = {field.name: field.default for field in fields(kind) if field.default is not MISSING}
    return _MadeOf({name: place for place, name in enumerate(names)}, attrgetter(*names), defaults, is_unchecked)


__all__ = ["made", "replace", "unchecked"]
