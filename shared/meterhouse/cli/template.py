"""Texts with columns in them: `@origin-@date`, `@{flight number}`, `@@` for an at sign."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from meterhouse.cli.errors import Misused

if TYPE_CHECKING:
    from collections.abc import Mapping

_MARK = re.compile(r"@(?:(?P<at>@)|\{(?P<braced>[^{}]+)\}|(?P<bare>\w+))?")


@dataclass(frozen=True, slots=True)
class Template:
    """Literal texts, each followed by a column's name; the last by None.

    `lone_column` is the column that is the whole template, if one is.
    """

    parts: tuple[tuple[str, str | None], ...]
    lone_column: str | None

    @property
    def columns(self) -> frozenset[str]:
        return frozenset(column for _, column in self.parts if column is not None)

    def lacks(self, row: Mapping[str, str], missing: frozenset[str]) -> bool:
        """Whether a cell in it is missing: what is composed without it could be equal for different rows."""
        return any(column is not None and row[column] in missing for _, column in self.parts)

    def render(self, row: Mapping[str, str]) -> str:
        if self.lone_column is not None:
            return row[self.lone_column]
        return "".join([text + ("" if column is None else row[column]) for text, column in self.parts])


def parse_template(text: str) -> Template:
    """Read a template.

    Raises:
        Misused: an at sign is followed by no column.
    """
    parts: list[tuple[str, str | None]] = []
    literal, end = "", 0
    for mark in _MARK.finditer(text):
        literal += text[end : mark.start()]
        end = mark.end()
        column = mark["braced"] or mark["bare"]
        if column is not None:
            parts.append((literal, column))
            literal = ""
        elif mark["at"]:
            literal += "@"
        else:
            raise Misused(f"in {text!r} an @ is followed by no column; @@ is an at sign, @{{my column}} has any name")
    rest = literal + text[end:]
    lone = parts[0][1] if len(parts) == 1 and not parts[0][0] and not rest else None
    return Template((*parts, (rest, None)), lone)
