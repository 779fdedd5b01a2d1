"""The contract's `filter[field][operator]` in the query of a list of its third version."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from meterhouse.kernel.errors import InvalidInput, Problem


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


def refuse_other_filters(query: Mapping[str, Sequence[str]], known: Collection[str]) -> None:
    """Whoever filters by what is not known here would take everything for what is wanted.

    Raises:
        InvalidInput: there are other filters than the known.
    """
    faults = [
        Problem(f"query:{name}", "unsupported_filter", f"known are {', '.join(sorted(known))}")
        for name in query
        if name.startswith("filter") and name not in known
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
