"""The burn-down: which grants bear which usage, and what is left. Pure; minute by minute, exact."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import cached_property

from meterhouse.entitlements.balance import Balance, bearing_from, in_burn_order, opening
from meterhouse.entitlements.bearing import ZERO
from meterhouse.entitlements.grant import Grant
from meterhouse.entitlements.record import Change, Record, Step
from meterhouse.entitlements.segment import EndedBy, Segment, segments_of
from meterhouse.entitlements.tally import Tally, tallies_of
from meterhouse.entitlements.timeline import Happening, Happenings, timeline
from meterhouse.entitlements.usage_period import Reset
from meterhouse.kernel.rounding import EXACT

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
    _record: Record

    @cached_property
    def segments(self) -> list[Segment]:
        """In order; costs time and memory for each active grant in each segment."""
        return list(segments_of(self._record))

    @cached_property
    def tallies(self) -> Mapping[str, Tally]:
        """By the id of every grant, in burn order."""
        return tallies_of(self._record, self.balance.balances)


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
    run = _Run(start, in_burn_order(grants), resets, is_gauge=is_gauge)
    for at, happenings in timeline(run.grants, resets, marks, start.at, until):
        run.pass_to(at, usage(Stretch(run.period_start, run.at, at)))
        run.happen(happenings, is_last=at == until)
    return run.result()


def _check_times(start: Balance, resets: Sequence[Reset], until: datetime) -> None:
    if until < start.at:
        raise ValueError(f"a run from {start.at} cannot end before, at {until}")
    if early := [reset.at for reset in resets if reset.at <= start.at]:
        raise ValueError(f"resets are later than the start, {start.at}: {early}")
    if len({reset.at for reset in resets}) < len(resets):
        raise ValueError("usage is reset once at one instant")


class _Run:
    """Where a run has come to: the grants in burn order, and what is known at `at`."""

    def __init__(self, start: Balance, grants: Sequence[Grant], resets: Sequence[Reset], *, is_gauge: bool) -> None:
        self.at, self.period_start = start.at, start.period_start
        self.grants = grants
        self._usage = start.usage
        self._resets = resets
        self._is_gauge = is_gauge
        self._bearing = bearing_from(start, grants, is_gauge=is_gauge)
        self._active = {number for number, grant in enumerate(grants) if grant.is_active(start.at)}
        # a reset does nothing to a rest that has been capped and lifted and has not changed since
        self._may_roll = set(self._active)
        self._step_start, self._used_before = start.at, self._bearing.used
        left = {number: self._bearing.left[number] for number in self._active}
        self._record = Record(grants, is_gauge, left, self._bearing.open.copy())
        self._remaining_at: dict[datetime, Decimal] = {}

    def pass_to(self, at: datetime, used: Decimal | None) -> None:
        """Go to `at`, with what was used on the way."""
        self.at = at
        if used is None:
            return
        if self._is_gauge:
            self._usage = used
            self._bearing.hold(max(used, ZERO))
        elif used:
            self._usage = EXACT.add(self._usage, used)
            self._bearing.use(used)

    def happen(self, happenings: Happenings, *, is_last: bool) -> None:
        if happenings and happenings[-1][0] is Happening.MARK:
            changing = [happening for happening in happenings if happening[0] is not Happening.MARK]
        else:
            changing = happenings
        if changing:
            self._change(changing)
        elif is_last:
            step = Step(self._step_start, self.at, self._used(), self._bearing.open, self._overage(), [])
            self._record.steps.append(step)
        if changing is not happenings:
            self._remaining_at[self.at] = self._bearing.remaining

    def result(self) -> BurnDown:
        bearing = self._bearing
        balance = Balance(
            at=self.at,
            period_start=self.period_start,
            balances=self._record.by_id({number: bearing.left[number] for number in self._active}),
            overage=self._overage(),
            usage=self._usage,
            granted_usage=bearing.granted,
            borne=self._by_id(bearing.open),
            stretch_usage=self._usage if self._is_gauge else bearing.used,
            settled=self._by_id(bearing.settled),
            credit=max(EXACT.minus(bearing.owed), ZERO),
        )
        return BurnDown(balance, self._remaining_at, self._record)

    def _by_id(self, amounts: Mapping[int, Decimal]) -> dict[str, Decimal]:
        return self._record.by_id({number: amount for number, amount in amounts.items() if amount})

    def _change(self, happenings: Happenings) -> None:
        bearing = self._bearing
        used, borne, overage, held = self._used(), bearing.open, self._overage(), bearing.used
        if self._is_gauge:
            bearing.take_back()
        else:
            self._may_roll.update(bearing.settle())
        changes: list[Change] = []
        for kind, number in happenings:
            if kind is Happening.RESET:
                changes += self._reset(self._resets[number])
            else:
                changes.append(self._refill_or_end(kind, number))
        paid: Mapping[int, Decimal]
        if self._is_gauge:
            bearing.hold(held)
            paid = bearing.open
        else:
            paid = bearing.pay()
            self._may_roll.update(paid)
        step = Step(self._step_start, self.at, used, borne, overage, happenings, changes, paid, self._overage())
        self._record.steps.append(step)
        self._step_start, self._used_before = self.at, ZERO

    def _refill_or_end(self, kind: Happening, number: int) -> Change:
        if kind is Happening.END:
            self._active.discard(number)
            self._may_roll.discard(number)
            return self._put(kind, number, ZERO)
        self._active.add(number)
        self._may_roll.add(number)
        return self._put(kind, number, self.grants[number].amount)

    def _reset(self, reset: Reset) -> list[Change]:
        self.period_start = self.at
        if not self._is_gauge:
            self._usage = ZERO
        self._bearing.begin_period(is_owed=reset.preserves_overage and not self._is_gauge)
        rolled = [self._put(Happening.RESET, number, self._rolled(number)) for number in sorted(self._may_roll)]
        self._may_roll = set()
        return rolled

    def _rolled(self, number: int) -> Decimal:
        grant = self.grants[number]
        return min(grant.max_rollover, max(grant.min_rollover, self._bearing.left[number]))

    def _put(self, kind: Happening, number: int, amount: Decimal) -> Change:
        return Change(kind, number, self._bearing.put(number, amount), amount)

    def _used(self) -> Decimal:
        """In the segment up to now; of a gauge its value."""
        return self._usage if self._is_gauge else EXACT.subtract(self._bearing.used, self._used_before)

    def _overage(self) -> Decimal:
        return max(self._bearing.owed, ZERO)
