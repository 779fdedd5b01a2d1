"""Objects as rows of a table: many columns read off at once."""

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import lru_cache
from operator import attrgetter
from typing import Any

_REMEMBERED = 1024


def columns(paths: Mapping[str, str]) -> Callable[[object], dict[str, Any]]:
    """What reads columns off an object, each by its path of attributes, such as `totals.amount`."""
    names, read = tuple(paths), attrgetter(*paths.values())
    return lambda one: dict(zip(names, read(one), strict=True))


def instants(paths: Mapping[str, str]) -> Callable[[object], dict[str, str | None]]:
    """The same for columns of instants, as text."""
    names, read = tuple(paths), attrgetter(*paths.values())
    return lambda one: dict(zip(names, map(instant_text, read(one)), strict=True))


@lru_cache(_REMEMBERED)
def instant_text(at: datetime | None) -> str | None:
    """How PostgreSQL reads an instant. Of tens of thousands in a batch few differ; the driver takes 1 µs for each."""
    return None if at is None else str(at)
