"""The contract's `filter[field][operator]` in the query of a list of its third version."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from meterhouse.kernel.errors import InvalidInput, Problem
from meterhouse.platform.sql import queries

_SQL = queries("meterhouse.platform", "text_filter.sql")
_LONGEST = 256
_LONGEST_LIST = 4096
_LISTS = ("oeq", "ocontains")
_TEXTS = ("eq", "neq", "contains", "gt", "gte", "lt", "lte")
EXACT = ("eq", "neq", "oeq")
OPERATORS = (*_TEXTS, *_LISTS, "exists")


@dataclass(frozen=True, slots=True)
class TextFilter:
    """Conditions on a text, all of which hold; None: no condition.

    Attributes:
        oeq: equal to one of these.
        contains: whichever the case.
        ocontains: one of these is in it, whichever the case.
        gt: after it, as code points are ordered; so `gte`, `lt`, `lte`.
        exists: whether there is a text.
    """

    eq: str | None = None
    neq: str | None = None
    oeq: tuple[str, ...] | None = None
    contains: str | None = None
    ocontains: tuple[str, ...] | None = None
    gt: str | None = None
    gte: str | None = None
    lt: str | None = None
    lte: str | None = None
    exists: bool | None = None

    def admits(self, text: str) -> bool:
        """Whether a text that is there fulfils all."""
        return self.exists is not False and self._names(text) and self._is_found_in(text.lower()) and self._spans(text)

    def _names(self, text: str) -> bool:
        return self.eq in {None, text} and self.neq != text and (self.oeq is None or text in self.oeq)

    def _is_found_in(self, text: str) -> bool:
        wanted = (self.contains,) if self.contains is not None else ()
        return all(part.lower() in text for part in wanted) and (
            self.ocontains is None or any(part.lower() in text for part in self.ocontains)
        )

    def _spans(self, text: str) -> bool:
        return (
            (self.gt is None or text > self.gt)
            and (self.gte is None or text >= self.gte)
            and (self.lt is None or text < self.lt)
            and (self.lte is None or text <= self.lte)
        )

    def parameters(self, name: str) -> dict[str, Any]:
        """For a statement: each condition as `{name}_{operator}`, lists as drivers take them."""
        given = {operator: getattr(self, operator) for operator in OPERATORS}
        return {f"{name}_{how}": list(one) if isinstance(one, tuple) else one for how, one in given.items()}


ANY_TEXT = TextFilter()


def matches(column: str) -> str:
    """SQL of `TextFilter.parameters(column)`."""
    return _SQL["condition"].format(name=column)


def refuse_other_filters(names: Iterable[str], known: Collection[str], prefix: str = "filter") -> None:
    """Whoever filters by what is not known here would take everything for what is wanted.

    `names` are those of a query's parameters; filters are told by their `prefix`.

    Raises:
        InvalidInput: there are other filters than the known.
    """
    if faults := other_parameters(names, known, prefix, "unsupported_filter"):
        raise InvalidInput("there are filters that are not known here", faults)


def other_parameters(names: Iterable[str], known: Collection[str], prefix: str, code: str) -> list[Problem]:
    """A fault of each parameter of a query that begins with `prefix` and is not known."""
    return [
        Problem(f"query:{name}", code, f"known are {', '.join(sorted(known))}")
        for name in names
        if name.startswith(prefix) and name not in known
    ]


def text_filters(
    query: Mapping[str, Sequence[str]],
    fields: Collection[str],
    operators: Sequence[str] = OPERATORS,
    others: Collection[str] = (),
) -> dict[str, TextFilter]:
    """The conditions of a query on each of `fields`; those without one are left out.

    `filter[field]=` and `filter[field][eq]=` are the same. `others` are filters that somebody else reads.

    Raises:
        InvalidInput: a filter is not known here, contradicts another, is there twice, is too long or no boolean.
    """
    names = {_named(field, how): (field, how) for field in fields for how in ("", *operators)}
    refuse_other_filters(query, {*names, *others})
    given = {name: values for name, values in query.items() if name in names}
    faults = [
        Problem(f"query:{name}", "value", f"one text of at most {_LONGEST} characters; exists is true or false")
        for name, values in given.items()
        if len(values) != 1 or not _is_sound(names[name][1], values[0])
    ]
    if faults:
        raise InvalidInput("there are filters that cannot be read", faults)
    found: dict[str, dict[str, Any]] = {}
    for name, (value,) in given.items():
        field, how = names[name]
        conditions = found.setdefault(field, {})
        if conditions.setdefault(how or "eq", _read(how, value)) != _read(how, value):
            fault = Problem(f"query:filter[{field}]", "contradiction", "two values at once")
            raise InvalidInput("a text cannot equal two others", [fault])
    return {field: TextFilter(**conditions) for field, conditions in found.items()}


def text_filter_parameter(field: str, operators: Sequence[str] = OPERATORS) -> dict[str, Any]:
    """How a filter reads in the OpenAPI document, for `query_parameters`."""
    return {
        "name": f"filter[{field}]",
        "in": "query",
        "required": False,
        "description": f"`filter[{field}]=…` alone is `eq`; `oeq` and `ocontains` take several, between commas",
        "style": "deepObject",
        "explode": True,
        "schema": {"type": "object", "properties": {how: _schema(how) for how in operators}},
    }


def _named(field: str, how: str) -> str:
    return f"filter[{field}][{how}]" if how else f"filter[{field}]"


def _schema(how: str) -> dict[str, Any]:
    if how == "exists":
        return {"type": "boolean"}
    return {"type": "string", "maxLength": _LONGEST_LIST if how in _LISTS else _LONGEST}


def _is_sound(how: str, value: str) -> bool:
    if how == "exists":
        return value.lower() in {"true", "false"}
    return len(value) <= (_LONGEST_LIST if how in _LISTS else _LONGEST)


def _read(how: str, value: str) -> str | bool | tuple[str, ...]:
    if how == "exists":
        return value.lower() == "true"
    return tuple(value.split(",")) if how in _LISTS else value
