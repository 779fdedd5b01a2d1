"""Lists of texts for the driver, which writes them text by text: hundreds of ids, in twenty statements of a batch."""

from collections.abc import Sequence
from typing import Any

from psycopg.abc import Buffer
from psycopg.types.array import ListDumper

_BETWEEN = "\0"
"""PostgreSQL has no text with it."""


class TextListDumper(ListDumper):
    """What is not a list of plain texts is written as the driver does, which also says what is wrong with it."""

    def dump(self, obj: list[Any]) -> Buffer | None:
        text = array_text(obj)
        return super().dump(obj) if text is None else text.encode()


def array_text(texts: Sequence[object]) -> str | None:
    """A PostgreSQL array of these, each in quotes; None where one is not a text, or none that PostgreSQL has."""
    if {*map(type, texts)} != {str}:
        return None
    joined = _BETWEEN.join(texts)  # type: ignore[arg-type] # they are texts
    if joined.count(_BETWEEN) >= len(texts):
        return None
    escaped = joined.replace("\\", "\\\\").replace('"', '\\"')
    return '{"' + escaped.replace(_BETWEEN, '","') + '"}'
