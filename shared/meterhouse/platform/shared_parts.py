"""Parts that many of the rows read at once have in common: workflows, suppliers, rate cards."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

T = TypeVar("T")


class SharedParts:
    """Of equal documents one part is made, so that what is written again can share its text, too."""

    def __init__(self) -> None:
        from msgspec.json import encode  # noqa: PLC0415 - its import belongs to the first rows, not to the cold start

        self._encode = encode
        self._made: dict[tuple[object, bytes], Any] = {}

    def of(self, document: Mapping[str, Any], part_of: Callable[[Mapping[str, Any]], T]) -> T:
        # `repr` would take five times as long
        key = part_of, self._encode(document)
        if key not in self._made:
            self._made[key] = part_of(document)
        made: T = self._made[key]
        return made
