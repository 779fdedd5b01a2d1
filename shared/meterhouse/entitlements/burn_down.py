"""The burn-down: which grants bear which usage, and what is left. Pure; minute by minute, exact."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import cached_property

from meterhouse.entitlements.balance import Balance, in_burn_order, opening
from meterhouse.entitlements.grant import Grant
from meterhouse.entitlements.record import Record, RecordedRun
from meterhouse.entitlements.run import Run
from meterhouse.entitlements.segment import EndedBy, Segment, segments_of
from meterhouse.entitlements.tally import Tally, tallies_of
from meterhouse.entitlements.timeline import Happening, timeline
from meterhouse.entitlements.usage_period import Reset

__all__ = [
    "Balance",
    "BurnDown",
    "EndedBy",
    "Segment",
    "Stretch",
    "Tally",
    "Usage",
    "burn_down",
    "opening",
    "stretches",
]


@dataclass(frozen=True, slots=True)
class Stretch:
    """Time in which no grant begins, ends or recurs and nothing is reset: `[start, end)`, never empty.

    Attributes:
        period_start: where the usage period it lies in begins.
    """

    period_start: datetime
    start: datetime
    end: datetime


Usage = Callable[[Stretch], Decimal | None]
"""Usage in a stretch. Of a gauge (see `burn_down`) its last value in the stretch; None: it had none there."""


@dataclass(frozen=True)
class BurnDown:
    """What a run came to.

    Attributes:
        balance: at its end, all that takes effect then included.
        remaining_at: what is left in all, at each of its marks.
    """

    balance: Balance
    remaining_at: Mapping[datetime, Decimal]
    _replay: Callable[[], Record]

    @cached_property
    def segments(self) -> list[Segment]:
        """In order; costs time and memory for each active grant in each segment."""
        return list(segments_of(self._record))

    @cached_property
    def tallies(self) -> Mapping[str, Tally]:
        """By the id of every grant, in burn order."""
        return tallies_of(self._record, self.balance.balances)

    @cached_property
    def _record(self) -> Record:
        # most callers want the balance alone; for the others the run is cheap to make again
        return self._replay()


def stretches(
    start: Balance, grants: Sequence[Grant], resets: Sequence[Reset], until: datetime, marks: Sequence[datetime] = ()
) -> list[Stretch]:
    """The stretches whose usage `burn_down` asks for, in order; none where `until` is the start.

    Raises:
        ValueError: see `burn_down`.
    """
    _check_times(start, resets, until)
    found: list[Stretch] = []
    at, period_start = start.at, start.period_start
    for end, happenings in timeline(grants, resets, marks, start.at, until):
        found.append(Stretch(period_start, at, end))
        at = end
        if any(kind is Happening.RESET for kind, _ in happenings):
            period_start = end
    return found


def burn_down(
    start: Balance,
    grants: Sequence[Grant],
    resets: Sequence[Reset],
    until: datetime,
    usage: Usage,
    *,
    is_gauge: bool = False,
    marks: Sequence[datetime] = (),
) -> BurnDown:
    """Burn the usage of `[start.at, until)` and apply what takes effect in `(start.at, until]`.

    Each stretch costs O(log n) for each grant whose share changes. A gauge's usage stays until it has another value:
    each stretch takes it back from all who bear it and burns it anew, and no overage is carried.

    Args:
        start: `opening`, or where an earlier run ended.
        grants: all of the entitlement, in any order; those that begin at `start.at` have been counted in it.
        resets: of `(start.at, until]`; later ones are left out.
        until: a whole minute, not before the start.
        usage: is asked once for each of `stretches`, in order.
        is_gauge: `usage` is a value that stays, not something used up.
        marks: instants, in any order, at which the balance is wanted too; stretches are cut there, segments are not.

    Raises:
        ValueError: `until` or a reset is not after the start; two resets at one instant.
        InvariantBroken: the start names a grant that is not there, or less than nothing is left of one.
    """
    _check_times(start, resets, until)
    ordered, answers = in_burn_order(grants), list[Decimal | None]()

    def noted(stretch: Stretch) -> Decimal | None:
        answers.append(usage(stretch))
        return answers[-1]

    def replay() -> Record:
        told = iter(answers)
        again = RecordedRun(start, ordered, resets, is_gauge=is_gauge)
        _go(again, resets, until, marks, lambda _: next(told))
        return again.finish()

    run = Run(start, ordered, resets, is_gauge=is_gauge)
    remaining_at = _go(run, resets, until, marks, noted)
    return BurnDown(run.balance, remaining_at, replay)


def _go(
    run: Run, resets: Sequence[Reset], until: datetime, marks: Sequence[datetime], usage: Usage
) -> dict[datetime, Decimal]:
    """Take the run to `until`; what is left in all at each mark."""
    remaining_at: dict[datetime, Decimal] = {}
    for at, happenings in timeline(run.grants, resets, marks, run.at, until):
        run.pass_to(at, usage(Stretch(run.period_start, run.at, at)))
        changing = happenings
        # marks come last
        if happenings and happenings[-1][0] is Happening.MARK:
            changing = [happening for happening in happenings if happening[0] is not Happening.MARK]
        if changing:
            run.happen(changing)
        if changing is not happenings:
            remaining_at[at] = run.remaining
    return remaining_at


def _check_times(start: Balance, resets: Sequence[Reset], until: datetime) -> None:
    if until < start.at:
        raise ValueError(f"a run from {start.at} cannot end before, at {until}")
    if early := [reset.at for reset in resets if reset.at <= start.at]:
        raise ValueError(f"resets are later than the start, {start.at}: {early}")
    if len({reset.at for reset in resets}) < len(resets):
        raise ValueError("usage is reset once at one instant")
