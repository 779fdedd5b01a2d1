"""What is left to charge for of a period that was invoiced in part, and then goes on after all."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import pairwise

from meterhouse.billing.invoice import Line
from meterhouse.billing.prepaid import Prepaid
from meterhouse.kernel.instant import format_rfc3339
from meterhouse.kernel.period import Period
from meterhouse.subscriptions.target import TargetLine

_FROM = "/from["


@dataclass(frozen=True, slots=True)
class Known:
    """What became of the lines of subscriptions.

    Attributes:
        keys: of all lines there ever were.
        prepaid: what was invoiced in advance, and stands.
        parts: by key, the service periods of live lines on standard invoices that charge for a part of a flat fee's
            full service period, and for no more than that part.
    """

    keys: AbstractSet[str] = frozenset()
    parts: Mapping[str, Period] = field(default_factory=dict)
    prepaid: Sequence[Prepaid] = ()


Cuts = Mapping[str, Collection[datetime]]
"""By the key of a target line, where its service period is divided among several lines."""


def cuts(known: Known, pending: Iterable[Line]) -> Cuts:
    """Each part that was invoiced ends its line; a rest that exists keeps its start."""
    found: dict[str, set[datetime]] = {}
    lines = [*known.parts.items(), *((line.key, line.service_period) for line in pending)]
    for key, period in lines:
        whole, is_rest, _ = key.partition(_FROM)
        found.setdefault(whole, set()).update(
            [*([period.start] if is_rest else ()), *([period.end] if key in known.parts else ())]
        )
    return found


def divided(target: TargetLine, at: Collection[datetime]) -> Iterator[TargetLine]:
    """The target line, or a rest, up to the first cut, and from each on a rest of its own; due like the whole."""
    whole = target.service_period
    edges = [whole.start, *sorted(cut for cut in at if whole.start < cut < whole.end), whole.end]
    for start, end in pairwise(edges):
        if start == whole.start:
            yield replace(
                target, service_period=Period(start, end), is_terminal=target.is_terminal and end == whole.end
            )
        else:
            # never terminal: what is charged in full is the whole period, and a part of it was charged already
            key = f"{target.key.partition(_FROM)[0]}{_FROM}{format_rfc3339(start)}]"
            yield replace(target, key=key, service_period=Period(start, end), is_terminal=False)
