"""Options that are typed as `NAME=VALUE`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from meterhouse.cli.errors import Misused

if TYPE_CHECKING:
    from collections.abc import Iterable


def read_pairs(option: str, given: Iterable[str], form: str = "NAME=TEXT") -> list[tuple[str, str]]:
    """Name and value of each, in order; a value may hold equals signs.

    Raises:
        Misused: no name, or no equals sign.
    """
    pairs = []
    for text in given:
        name, equals, value = text.partition("=")
        if not name or not equals:
            raise Misused(f"{option} {text!r}: write {form}")
        pairs.append((name, value))
    return pairs


def read_mapping(option: str, given: Iterable[str], form: str = "NAME=TEXT") -> dict[str, str]:
    """The values by name.

    Raises:
        Misused: as `read_pairs`, or a name twice.
    """
    found: dict[str, str] = {}
    for name, value in read_pairs(option, given, form):
        if name in found:
            raise Misused(f"{option} {name} is given twice")
        found[name] = value
    return found
