"""When the usage of a key was that of which feature: a unit cost changes by a new feature in the place of the old."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

from meterhouse.kernel.errors import Problems

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from meterhouse.catalog.feature import Feature


@dataclass(frozen=True, slots=True)
class Life:
    """In `[from_, to)` the feature's unit cost holds for its key."""

    feature: Feature
    from_: datetime
    to: datetime


def lives(features: Iterable[Feature], from_: datetime, to: datetime) -> list[Life]:
    """Which features hold when in `[from_, to)`; each instant of a key has one at the most.

    A feature holds from where its predecessor ended until it is archived. The first of a key holds for what was used
    before it was made, too: usage costs the seller whenever a feature tells how much.

    Args:
        features: those of a key stand together, the first made first.
        from_: not before `to` is a fault.
        to: the end, which is not included.

    Raises:
        InvalidInput: `from_` is not before `to`.
    """
    problems = Problems()
    if from_ >= to:
        problems.add("query:from", "empty_period", "from must be before to")
    problems.raise_if_any("the report has no period")
    each = (life for _, heirs in groupby(features, lambda one: one.key) for life in _in_turn(heirs, from_, to))
    return [life for life in each if life.from_ < life.to]


def _in_turn(heirs: Iterable[Feature], from_: datetime, to: datetime) -> Iterator[Life]:
    start = from_
    for feature in heirs:
        end = min(to, feature.archived_at or to)
        yield Life(feature, start, end)
        start = max(start, end)
