"""What happened in a run of the burn-down, grants by number: enough to tell its segments and tallies. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from meterhouse.entitlements.balance import Balance
from meterhouse.entitlements.bearing import NOTHING, ZERO
from meterhouse.entitlements.grant import Grant
from meterhouse.entitlements.run import Run
from meterhouse.entitlements.timeline import Happening, Happenings
from meterhouse.entitlements.usage_period import Reset
from meterhouse.kernel.rounding import EXACT


class Change(NamedTuple):
    """What was left of a grant before and after something happened to it."""

    kind: Happening
    number: int
    before: Decimal
    after: Decimal


class Step(NamedTuple):
    """A segment, and what happened as it ended.

    Attributes:
        borne: what each bears of the open usage at its end, that from before the run included.
        paid: overage paid after the changes; of a gauge, what each bears of its value then.
        overage_left: after that.
    """

    start: datetime
    end: datetime
    usage: Decimal
    borne: Mapping[int, Decimal]
    overage: Decimal
    happenings: Happenings
    changes: Sequence[Change] = ()
    paid: Mapping[int, Decimal] = NOTHING
    overage_left: Decimal = ZERO


@dataclass(frozen=True, slots=True)
class Record:
    """All that happened in a run.

    Attributes:
        grants: in burn order.
        left: of each active grant at the start.
        borne: what each bore of the open usage at the start.
    """

    grants: Sequence[Grant]
    is_gauge: bool
    left: Mapping[int, Decimal]
    borne: Mapping[int, Decimal]
    steps: list[Step] = field(default_factory=list)

    def by_id(self, amounts: Mapping[int, Decimal]) -> dict[str, Decimal]:
        """The same by grant id, in burn order."""
        return {self.grants[number].id: amounts[number] for number in sorted(amounts)}


class RecordedRun(Run):
    """Takes notes, which cost memory for each step."""

    def __init__(self, start: Balance, grants: Sequence[Grant], resets: Sequence[Reset], *, is_gauge: bool) -> None:
        super().__init__(start, grants, resets, is_gauge=is_gauge)
        left = {number: self._bearing.left[number] for number in self._active}
        self.record = Record(grants, is_gauge, left, self._bearing.open.copy())
        self._step_start, self._used_before = start.at, self._bearing.used
        self._changes: list[Change] = []

    def happen(self, happenings: Happenings) -> Mapping[int, Decimal]:
        ended = self._step(happenings)
        self._changes = []
        paid = super().happen(happenings)
        self.record.steps.append(ended._replace(changes=self._changes, paid=paid, overage_left=self._overage))
        self._step_start, self._used_before = self.at, ZERO
        return paid

    def finish(self) -> Record:
        """Close the segment that nothing but the run's end has ended."""
        if self._step_start < self.at:
            self.record.steps.append(self._step([]))
        return self.record

    def _step(self, happenings: Happenings) -> Step:
        used = self._usage if self._is_gauge else EXACT.subtract(self._bearing.used, self._used_before)
        return Step(self._step_start, self.at, used, self._bearing.open, self._overage, happenings)

    def _put(self, kind: Happening, number: int, amount: Decimal) -> None:
        self._changes.append(Change(kind, number, self._bearing.left[number], amount))
        super()._put(kind, number, amount)
