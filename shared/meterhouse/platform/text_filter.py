"""The contract's `filter[field][operator]` in the query of a list of its third version."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from meterhouse.kernel.errors import InvalidInput, Problem

_LONGEST = 256


@dataclass(frozen=True, slots=True)
class TextFilter:
    """Conditions on a text, all of which hold; None: no condition."""

    eq: str | None = None
    neq: str | None = None
    contains: str | None = None
    exists: bool | None = None

    def admits(self, text: str) -> bool:
        """Whether a text that is there fulfils all; `contains` knows no upper and lower case."""
        return (
            self.exists is not False
            and self.eq in {None, text}
            and self.neq != text
            and (self.contains is None or self.contains.lower() in text.lower())
        )


ANY_TEXT = TextFilter()


def refuse_other_filters(names: Iterable[str], known: Collection[str], prefix: str = "filter") -> None:
    """Whoever filters by what is not known here would take everything for what is wanted.

    `names` are those of a query's parameters; filters are told by their `prefix`.

    Raises:
        InvalidInput: there are other filters than the known.
    """
    faults = [
        Problem(f"query:{name}", "unsupported_filter", f"known are {', '.join(sorted(known))}")
        for name in names
        if name.startswith(prefix) and name not in known
    ]
    if faults:
        raise InvalidInput("there are filters that are not known here", faults)


def text_filter(
    equal: str | None, eq: str | None, neq: str | None, contains: str | None, exists: bool | None, field: str = "key"
) -> TextFilter:
    """`filter[field]=` and `filter[field][eq]=` are the same; of two that differ nothing is both.

    Raises:
        InvalidInput: both are given, and differ.
    """
    if equal is not None and eq is not None and equal != eq:
        fault = Problem(f"query:filter[{field}]", "contradiction", "two values at once")
        raise InvalidInput("a text cannot equal two others", [fault])
    return TextFilter(equal if eq is None else eq, neq, contains, exists)


def text_filters(query: Mapping[str, Sequence[str]], fields: Collection[str]) -> dict[str, TextFilter]:
    """The conditions of a query on each of `fields`; those without one are left out.

    Raises:
        InvalidInput: a filter is not known here, contradicts another, is too long or no boolean.
    """
    operators = ("", "[eq]", "[neq]", "[contains]", "[exists]")
    refuse_other_filters(query, {f"filter[{name}]{operator}" for name in fields for operator in operators})
    faults = [
        Problem(f"query:{name}", "value", f"at most {_LONGEST} characters; exists is true or false")
        for name, values in query.items()
        if name.startswith("filter") and not _is_sound(name, values[0])
    ]
    if faults:
        raise InvalidInput("there are filters that cannot be read", faults)
    found = {name: [query.get(f"filter[{name}]{operator}", [None])[0] for operator in operators] for name in fields}
    return {
        name: text_filter(equal, eq, neq, contains, None if exists is None else exists == "true", name)
        for name, (equal, eq, neq, contains, exists) in found.items()
        if any(value is not None for value in (equal, eq, neq, contains, exists))
    }


def _is_sound(name: str, value: str) -> bool:
    return value in {"true", "false"} if name.endswith("[exists]") else len(value) <= _LONGEST
