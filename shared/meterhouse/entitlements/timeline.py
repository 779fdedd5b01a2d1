"""What happens to grants and usage periods, in order of time. Pure."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from enum import IntEnum
from heapq import heapify, heappop, heapreplace

from meterhouse.entitlements.grant import Grant
from meterhouse.entitlements.usage_period import Reset


class Happening(IntEnum):
    """In the order in which they take effect at one instant."""

    END = 0
    RESET = 1
    BEGIN = 2
    RECUR = 3
    MARK = 4
    """Nothing changes; somebody wants to know the balance."""


Happenings = list[tuple[Happening, int]]
"""What happens, and to which: the number of the grant, reset or mark."""


def timeline(
    grants: Sequence[Grant], resets: Sequence[Reset], marks: Sequence[datetime], after: datetime, until: datetime
) -> Iterator[tuple[datetime, Happenings]]:
    """Yield each instant in `(after, until]` at which something happens, and at last `until` in any case.

    An instant costs O(log n) in the number of grants, resets and marks.
    """
    recurring = {
        number: _recurrences(grant, after, until) for number, grant in enumerate(grants) if grant.recurrence is not None
    }
    queue = [happening for happening in _known(grants, resets, marks) if after < happening[0] <= until]
    queue += [
        (first, Happening.RECUR, number)
        for number, instants in recurring.items()
        if (first := next(instants, None)) is not None
    ]
    heapify(queue)
    at = after
    while queue:
        at = queue[0][0]
        happenings: Happenings = []
        while queue and queue[0][0] == at:
            _, kind, number = queue[0]
            happenings.append((kind, number))
            following = next(recurring[number], None) if kind is Happening.RECUR else None
            if following is None:
                heappop(queue)
            else:
                heapreplace(queue, (following, kind, number))
        yield at, happenings
    if at < until:
        yield until, []


def _known(
    grants: Sequence[Grant], resets: Sequence[Reset], marks: Sequence[datetime]
) -> Iterator[tuple[datetime, Happening, int]]:
    for number, grant in enumerate(grants):
        if _lives(grant):
            yield grant.effective_at, Happening.BEGIN, number
            if grant.ends_at is not None:
                yield grant.ends_at, Happening.END, number
    for number, reset in enumerate(resets):
        yield reset.at, Happening.RESET, number
    for number, mark in enumerate(marks):
        yield mark, Happening.MARK, number


def _lives(grant: Grant) -> bool:
    """Whether there is an instant at which it is active: one may be voided as it begins."""
    return grant.ends_at is None or grant.effective_at < grant.ends_at


def _recurrences(grant: Grant, after: datetime, until: datetime) -> Iterator[datetime]:
    if grant.recurrence is None:
        return
    ends_at = grant.ends_at
    for at in grant.recurrence.instants_after(max(after, grant.effective_at)):
        if at > until or (ends_at is not None and at >= ends_at):
            return
        yield at
