"""Parts that many of the rows read at once have in common: workflows, suppliers, rate cards."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

T = TypeVar("T")


class SharedParts:
    """Of equal documents one part is made, whose text is made once when they are written again (`rows.Texts`)."""

    def __init__(self) -> None:
        self._made: dict[tuple[object, str], Any] = {}

    def of(self, document: Mapping[str, Any], part_of: Callable[[Mapping[str, Any]], T]) -> T:
        key = part_of, repr(document)
        if key not in self._made:
            self._made[key] = part_of(document)
        made: T = self._made[key]
        return made
